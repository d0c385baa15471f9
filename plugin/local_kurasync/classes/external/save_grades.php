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
use local_kurasync\gradebook;

/**
 * Make and change our columns, write and clear grades, and say of each what happened.
 *
 * PHP cuts off, silently, what is beyond max_input_vars: the counts say what arrived. At most 300 grades belong in a call.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class save_grades extends external_api {
    /**
     * What is asked.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'courseid' => new external_value(PARAM_INT, 'Course'),
            'items' => new external_multiple_structure(new external_single_structure([
                'lessonid' => new external_value(PARAM_INT, 'Lesson in kuraCloud'),
                'revisionid' => new external_value(PARAM_INT, 'Revision of the lesson'),
                'name' => new external_value(PARAM_RAW, 'Name; absent: leave it', VALUE_OPTIONAL),
                'maximum' => new external_value(PARAM_FLOAT, 'Maximum grade; absent: leave it', VALUE_OPTIONAL),
                'grades' => new external_multiple_structure(new external_single_structure([
                    'userid' => new external_value(PARAM_INT, 'User'),
                    'grade' => new external_value(PARAM_FLOAT, 'Grade; absent: clear', VALUE_OPTIONAL, null, NULL_ALLOWED),
                    'previous' => new external_value(
                        PARAM_FLOAT,
                        'What the caller saw; absent: none',
                        VALUE_OPTIONAL,
                        null,
                        NULL_ALLOWED,
                    ),
                ]), 'Grades', VALUE_DEFAULT, []),
            ])),
        ]);
    }

    /**
     * Write.
     *
     * @param int $courseid
     * @param array[] $items
     * @return array
     */
    public static function execute(int $courseid, array $items): array {
        ['courseid' => $courseid, 'items' => $items] = self::validate_parameters(
            self::execute_parameters(),
            ['courseid' => $courseid, 'items' => $items],
        );
        $missing = access::missing_in_course(get_course($courseid), access::WRITE_GRADES);
        $outcomes = [];
        if (!$missing) {
            $context = \context_course::instance($courseid);
            self::validate_context($context);
            $outcomes = (new gradebook($context))->save($items);
        }
        $grades = array_sum(array_map(fn(array $item): int => count($item['grades']), $items));
        return ['missing' => $missing, 'counts' => ['items' => count($items), 'grades' => $grades], 'items' => $outcomes];
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
                'What the caller lacks: where there is one, nothing was done',
            ),
            'counts' => new external_single_structure([
                'items' => new external_value(PARAM_INT, 'How many items arrived'),
                'grades' => new external_value(PARAM_INT, 'How many grades arrived'),
            ]),
            'items' => new external_multiple_structure(new external_single_structure([
                'lessonid' => new external_value(PARAM_INT, 'Lesson in kuraCloud'),
                'revisionid' => new external_value(PARAM_INT, 'Revision of the lesson'),
                'outcome' => new external_value(PARAM_ALPHA, 'created, updated, unchanged, locked or absent'),
                'grades' => new external_multiple_structure(new external_single_structure([
                    'userid' => new external_value(PARAM_INT, 'User'),
                    'outcome' => new external_value(PARAM_ALPHA, 'written, unchanged, locked, changed or notenrolled'),
                ])),
            ])),
        ]);
    }
}
