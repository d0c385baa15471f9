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

namespace local_kurasync\external;

use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use core_external\external_value;
use local_kurasync\access;
use local_kurasync\column;
use local_kurasync\roster;

/**
 * Our columns of a course's gradebook, with every grade in them, who wrote it last, and what is locked.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class get_grades extends external_api {
    /**
     * What is asked.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'courseid' => new external_value(PARAM_INT, 'Course'),
        ]);
    }

    /**
     * Read the columns.
     *
     * @param int $courseid
     * @return array
     */
    public static function execute(int $courseid): array {
        global $USER;
        ['courseid' => $courseid] = self::validate_parameters(self::execute_parameters(), ['courseid' => $courseid]);
        $missing = access::missing_in_course(get_course($courseid), access::READ_GRADES);
        if ($missing) {
            return ['missing' => $missing, 'userid' => $USER->id, 'students' => [], 'items' => []];
        }
        $context = \context_course::instance($courseid);
        self::validate_context($context);
        return [
            'missing' => [],
            'userid' => $USER->id,
            'students' => (new roster($context, time()))->students(),
            'items' => array_map(fn(column $column): array => $column->contents(), column::all($courseid)),
        ];
    }

    /**
     * What is answered.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'missing' => new external_multiple_structure(
                new external_value(PARAM_RAW, 'Capability'),
                'What the caller lacks: where there is one, nothing else here can be trusted',
            ),
            'userid' => new external_value(PARAM_INT, 'The caller, as whom grades are written'),
            'students' => new external_multiple_structure(
                new external_value(PARAM_INT, 'User'),
                'Who may have grades: an active enrolment and a role that the gradebook shows',
            ),
            'items' => new external_multiple_structure(new external_single_structure([
                'id' => new external_value(PARAM_INT, 'Grade item'),
                'lessonid' => new external_value(PARAM_INT, 'Lesson in kuraCloud'),
                'revisionid' => new external_value(PARAM_INT, 'Revision of the lesson'),
                'name' => new external_value(PARAM_RAW, 'Name, as it is stored'),
                'maximum' => new external_value(PARAM_FLOAT, 'Maximum grade'),
                'locked' => new external_value(PARAM_BOOL, 'Whether nothing can be written'),
                'grades' => new external_multiple_structure(new external_single_structure([
                    'userid' => new external_value(PARAM_INT, 'User'),
                    'grade' => new external_value(PARAM_FLOAT, 'Grade; null: none', VALUE_REQUIRED, null, NULL_ALLOWED),
                    'locked' => new external_value(PARAM_BOOL, 'Whether this grade or the whole column is locked'),
                    'modifier' => new external_value(PARAM_INT, 'Who wrote it last', VALUE_REQUIRED, null, NULL_ALLOWED),
                ]), 'Ordered by user'),
            ]), 'Ordered by id'),
        ]);
    }
}
