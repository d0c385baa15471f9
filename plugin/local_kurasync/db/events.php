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
 * The events of contracts/moodle.md 4 that ask kurasync for something (docs/events.md has the table with the reasons).
 *
 * All observers are internal: Moodle calls them at once, inside the transaction of whatever happened, so that a
 * transaction that is rolled back takes its rows along.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$observers = array_map(
    fn(string $eventname): array => [
        'eventname' => $eventname,
        'callback' => '\local_kurasync\observer::record',
        'internal' => true,
    ],
    [
        '\core\event\user_enrolment_created',
        '\core\event\user_enrolment_updated',
        '\core\event\user_enrolment_deleted',
        '\core\event\role_assigned',
        '\core\event\role_unassigned',
        '\core\event\user_updated',
        '\core\event\user_deleted',
        '\core\event\group_member_added',
        '\core\event\group_member_removed',
        '\core\event\group_created',
        '\core\event\group_updated',
        '\core\event\group_deleted',
        '\core\event\course_updated',
        '\core\event\course_restored',
        '\core\event\course_reset_started',
        '\core\event\course_reset_ended',
        '\core\event\course_content_deleted',
        '\core\event\course_deleted',
        '\core\event\course_category_updated',
        '\core\event\course_category_deleted',
        '\core\event\enrol_instance_created',
        '\core\event\enrol_instance_updated',
        '\core\event\enrol_instance_deleted',
        '\core\event\cohort_member_added',
        '\core\event\cohort_member_removed',
        '\core\event\cohort_deleted',
        '\local_kurasync\event\course_deletion_started',
        '\local_kurasync\event\grades_requested',
        '\local_kurasync\event\test_sent',
        '\local_kurasync\event\user_erased',
    ]
);
