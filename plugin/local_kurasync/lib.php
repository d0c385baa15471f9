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

/**
 * Callbacks of Moodle's.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

/**
 * Adds the kuraCloud page to a course's navigation.
 *
 * @param navigation_node $navigation
 * @param stdClass $course
 * @param \core\context\course $context
 */
function local_kurasync_extend_navigation_course(
    navigation_node $navigation,
    stdClass $course,
    \core\context\course $context
): void {
    if ((int) $course->id === SITEID || !\local_kurasync\connection::is_set_up()) {
        return;
    }
    if (\local_kurasync\course_rights::in($context)->any()) {
        $navigation->add(
            get_string('course_title', 'local_kurasync'),
            new \core\url('/local/kurasync/course.php', ['courseid' => $course->id]),
            navigation_node::TYPE_SETTING,
            null,
            'local_kurasync',
            new \core\output\pix_icon('i/settings', '')
        );
    }
}
