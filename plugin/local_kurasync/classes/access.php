<?php
// This file is part of Moodle - http://moodle.org/
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
// along with Moodle.  If not, see <http://www.gnu.org/licenses/>.

namespace local_kurasync;

/**
 * What the caller of a web service function may do.
 *
 * Moodle's own functions answer with less where a capability is missing, and say nothing. Ours name what is missing.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class access {
    /** Reading a roster; where there is a list, one of it is enough. */
    public const ROSTER = [
        'moodle/course:viewparticipants',
        'moodle/course:enrolreview',
        'moodle/user:viewdetails',
        'moodle/user:viewalldetails',
        ['moodle/course:useremail', 'moodle/site:viewuseridentity'],
        'moodle/site:accessallgroups',
    ];

    /** Reading grades. */
    public const READ_GRADES = ['moodle/grade:viewall'];

    /** Making columns, writing grades, deleting columns. */
    public const WRITE_GRADES = ['moodle/grade:manage', 'moodle/grade:edit'];

    /**
     * What the caller lacks in a course, its entry included.
     *
     * @param \stdClass $course
     * @param array $capabilities one of the constants
     * @return string[] names of capabilities; empty: nothing is missing
     */
    public static function missing_in_course(\stdClass $course, array $capabilities): array {
        $context = \context_course::instance($course->id);
        if (!is_enrolled($context, null, '', true)) {
            $capabilities[] = 'moodle/course:view';
        }
        if (!$course->visible) {
            $capabilities[] = 'moodle/course:viewhiddencourses';
        }
        return self::missing($context, $capabilities);
    }

    /**
     * What the caller lacks.
     *
     * @param \context $context
     * @param array $capabilities names, or lists of names one of which is enough
     * @return string[] names of capabilities, of a list the first one
     */
    public static function missing(\context $context, array $capabilities): array {
        $missing = [];
        foreach ($capabilities as $capability) {
            if (!has_any_capability((array) $capability, $context)) {
                $missing[] = ((array) $capability)[0];
            }
        }
        return $missing;
    }
}
