<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

namespace local_kurasync;

use core\event\base;
use core_course\hook\before_course_deleted;

/**
 * Writes what happens in Moodle into the outbox, and never gets in the way of whoever made it happen.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class observer {
    /**
     * Keep one event: one INSERT, inside the transaction that caused it.
     *
     * @param base $event
     */
    public static function record(base $event): void {
        try {
            if (connection::is_set_up()) {
                outbox::add($event);
                after_request::arrange();
            }
        } catch (\Throwable $e) {
            failure::note('an event could not be kept', $e);
        }
    }

    /**
     * Say that a course is about to go, before Moodle reports each of its users as gone.
     *
     * @param before_course_deleted $hook
     */
    public static function announce_course_deletion(before_course_deleted $hook): void {
        try {
            if (connection::is_set_up()) {
                event\course_deletion_started::of((int) $hook->course->id)->trigger();
            }
        } catch (\Throwable $e) {
            failure::note('the deletion of a course could not be announced', $e);
        }
    }
}
