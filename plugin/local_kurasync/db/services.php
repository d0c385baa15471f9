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
        ],
        'requiredcapability' => '',
        'restrictedusers' => 1,
        'enabled' => 1,
        'downloadfiles' => 0,
        'uploadfiles' => 0,
    ],
];
