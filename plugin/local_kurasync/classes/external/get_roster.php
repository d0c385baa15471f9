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
use local_kurasync\roster;

/**
 * Who is in a course: one answer with its total and the caller's missing capabilities, so that it can be trusted.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class get_roster extends external_api {
    /**
     * What is asked.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'courseid' => new external_value(PARAM_INT, 'Course'),
            'userids' => new external_multiple_structure(
                new external_value(PARAM_INT, 'User'),
                'Only these users; none: everybody',
                VALUE_DEFAULT,
                [],
            ),
            'capability' => new external_value(
                PARAM_RAW,
                'Tell of each user whether this is allowed in the course; empty: do not',
                VALUE_DEFAULT,
                '',
            ),
        ]);
    }

    /**
     * Read the roster.
     *
     * @param int $courseid
     * @param int[] $userids only these; empty: everybody
     * @param string $capability whether each has it is told as well; empty: it is not
     * @return array
     */
    public static function execute(int $courseid, array $userids = [], string $capability = ''): array {
        ['courseid' => $courseid, 'userids' => $userids, 'capability' => $capability] = self::validate_parameters(
            self::execute_parameters(),
            ['courseid' => $courseid, 'userids' => $userids, 'capability' => $capability],
        );
        if ($capability !== '' && !get_capability_info($capability)) {
            // Moodle says of a capability that it does not know that nobody has it.
            throw new \moodle_exception('error_capability', 'local_kurasync');
        }
        $course = get_course($courseid);
        $missing = access::missing_in_course($course, access::ROSTER);
        if ($missing) {
            return ['course' => ['id' => $courseid], 'total' => 0, 'next' => 0, 'missing' => $missing, 'users' => []];
        }
        $context = \context_course::instance($courseid);
        self::validate_context($context);
        $roster = new roster($context, time());
        return [
            'course' => $course,
            'total' => $roster->total($userids),
            'next' => $roster->next(),
            'missing' => [],
            'users' => $roster->users($userids, $capability),
        ];
    }

    /**
     * What is answered.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'course' => new external_single_structure([
                'id' => new external_value(PARAM_INT, 'Course'),
                'fullname' => new external_value(PARAM_RAW, 'Full name', VALUE_DEFAULT, ''),
                'shortname' => new external_value(PARAM_RAW, 'Short name', VALUE_DEFAULT, ''),
                'idnumber' => new external_value(PARAM_RAW, 'ID number', VALUE_DEFAULT, ''),
                'enddate' => new external_value(PARAM_INT, 'End date, unix time; 0: none', VALUE_DEFAULT, 0),
                'visible' => new external_value(PARAM_BOOL, 'Whether students see the course', VALUE_DEFAULT, false),
                'groupmode' => new external_value(PARAM_INT, 'Group mode: 0 none, 1 separate, 2 visible', VALUE_DEFAULT, 0),
            ]),
            'total' => new external_value(PARAM_INT, 'How many users there must be, counted on its own'),
            'next' => new external_value(PARAM_INT, 'When the next enrolment begins or ends by date, unix time; 0: none'),
            'missing' => new external_multiple_structure(
                new external_value(PARAM_RAW, 'Capability'),
                'What the caller lacks: where there is one, nothing else here can be trusted',
            ),
            'users' => new external_multiple_structure(new external_single_structure([
                'id' => new external_value(PARAM_INT, 'User'),
                'firstname' => new external_value(PARAM_RAW, 'First name'),
                'lastname' => new external_value(PARAM_RAW, 'Last name'),
                'email' => new external_value(PARAM_RAW, 'E-mail address'),
                'idnumber' => new external_value(PARAM_RAW, 'ID number'),
                'suspended' => new external_value(PARAM_BOOL, 'Whether the account is suspended'),
                'active' => new external_value(PARAM_BOOL, 'Whether an enrolment is active now'),
                'roles' => new external_multiple_structure(new external_single_structure([
                    'shortname' => new external_value(PARAM_RAW, 'Short name of the role'),
                    'archetype' => new external_value(PARAM_RAW, 'Archetype of the role, may be empty'),
                    'contextlevel' => new external_value(PARAM_INT, 'Where: 50 course, 40 category, 10 site'),
                ])),
                'groups' => new external_multiple_structure(new external_single_structure([
                    'id' => new external_value(PARAM_INT, 'Group'),
                    'name' => new external_value(PARAM_RAW, 'Name of the group, as it is stored'),
                    'timeadded' => new external_value(PARAM_INT, 'When the user joined, unix time'),
                ])),
                'capable' => new external_value(PARAM_BOOL, 'Whether the user has the capability asked about', VALUE_OPTIONAL),
            ]), 'Everybody with an enrolment of any state, ordered by id'),
        ]);
    }
}
