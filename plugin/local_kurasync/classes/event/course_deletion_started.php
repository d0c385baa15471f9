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

namespace local_kurasync\event;

/**
 * A course is about to be deleted: kurasync removes nobody of it until this is over.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class course_deletion_started extends \core\event\base {
    /**
     * The event for a course.
     *
     * @param int $courseid
     * @return self
     */
    public static function of(int $courseid): self {
        return self::create(['objectid' => $courseid, 'context' => \core\context\course::instance($courseid)]);
    }

    #[\Override]
    protected function init(): void {
        $this->data['crud'] = 'd';
        $this->data['edulevel'] = self::LEVEL_OTHER;
        $this->data['objecttable'] = 'course';
    }

    #[\Override]
    public static function get_name(): string {
        return get_string('event_course_deletion_started', 'local_kurasync');
    }

    #[\Override]
    public function get_description(): string {
        return "The user with id '$this->userid' started the deletion of the course with id '$this->courseid'.";
    }
}
