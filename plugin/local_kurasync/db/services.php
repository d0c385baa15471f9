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

/**
 * Web service functions of local_kurasync and the ready-made service that kurasync calls.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$functions = [
    'local_kurasync_get_roster' => [
        'classname' => \local_kurasync\external\get_roster::class,
        'description' => 'Who is in a course, with roles and groups',
        'type' => 'read',
        'capabilities' => 'moodle/course:viewparticipants, moodle/course:enrolreview, moodle/user:viewdetails, '
            . 'moodle/user:viewalldetails, moodle/course:useremail, moodle/site:accessallgroups',
    ],
    'local_kurasync_get_grades' => [
        'classname' => \local_kurasync\external\get_grades::class,
        'description' => "kurasync's columns of a gradebook and the grades in them",
        'type' => 'read',
        'capabilities' => 'moodle/grade:viewall',
    ],
    'local_kurasync_save_grades' => [
        'classname' => \local_kurasync\external\save_grades::class,
        'description' => "Make and change kurasync's columns, write and clear grades",
        'type' => 'write',
        'capabilities' => 'moodle/grade:manage, moodle/grade:edit',
    ],
    'local_kurasync_delete_items' => [
        'classname' => \local_kurasync\external\delete_items::class,
        'description' => "Delete columns of kurasync's",
        'type' => 'write',
        'capabilities' => 'moodle/grade:manage, moodle/grade:edit',
    ],
    'local_kurasync_get_status' => [
        'classname' => \local_kurasync\external\get_status::class,
        'description' => 'What this site is and what waits in its outbox',
        'type' => 'read',
        'capabilities' => '',
    ],
];

$services = [
    'kurasync' => [
        'shortname' => 'local_kurasync',
        'functions' => [
            'core_webservice_get_site_info',
            'core_course_get_courses_by_field',
            'core_enrol_get_enrolled_users',
            'core_grades_get_gradable_users',
            'core_group_get_course_groups',
            'core_group_get_group_members',
            'core_user_get_users_by_field',
            'local_kurasync_get_roster',
            'local_kurasync_get_grades',
            'local_kurasync_save_grades',
            'local_kurasync_delete_items',
            'local_kurasync_get_status',
        ],
        'requiredcapability' => '',
        'restrictedusers' => 1,
        'enabled' => 1,
        'downloadfiles' => 0,
        'uploadfiles' => 0,
    ],
];
