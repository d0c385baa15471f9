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
 * Strings of local_kurasync.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['action_adopt'] = 'This is the real site now';
$string['action_deliver'] = 'Deliver now';
$string['action_forget'] = 'This is a copy: never report';
$string['action_putback'] = 'Try those set aside again';
$string['action_test'] = 'Send a test event';
$string['done_adopt'] = 'This site reports to kurasync again. Where its address has changed, give kurasync the new one: it refuses events of an address that it does not know.';
$string['done_delivered'] = 'kurasync has received everything.';
$string['done_forget'] = 'This copy reports nothing to kurasync any more. What waited is dropped.';
$string['done_waiting'] = 'Events that still wait: {$a->waiting}. {$a->error}';
$string['error_capability'] = 'Moodle knows no capability of this name.';
$string['error_noanswer'] = 'No answer: {$a}';
$string['error_refused'] = 'kurasync answered {$a->status}. {$a->detail}';
$string['error_secret'] = 'This is no webhook secret: it begins with whsec_, and the base64 of 24 to 64 bytes follows.';
$string['error_url'] = 'This is not an address for events: it must look like https://kurasync.example.edu/events/SITE, with small letters, digits, - and _ as SITE.';
$string['error_usertaken'] = 'There is a user called {$a} already, who can log in. Rename that one first: the service user must have this name and the authentication method "Web services authentication".';
$string['error_webpage'] = 'A web page answered ({$a}), not kurasync. Check the address, and what stands between Moodle and kurasync.';
$string['event_connection_changed'] = 'Connection to kurasync changed';
$string['event_course_deletion_started'] = 'Course deletion started';
$string['event_grades_requested'] = 'kuraCloud grades requested';
$string['event_test_sent'] = 'Test event sent to kurasync';
$string['event_user_erased'] = 'Personal data to be erased in kurasync';
$string['grades_done'] = 'Asked for. The grades appear in the gradebook within some minutes.';
$string['grades_notsetup'] = 'This Moodle is not connected to kurasync yet. Ask an administrator.';
$string['grades_question'] = 'Ask kuraCloud for the grades of this course? They are written into the gradebook. Grades that somebody changed or locked here stay as they are.';
$string['grades_submit'] = 'Ask for the grades';
$string['grades_title'] = 'Grades from kuraCloud';
$string['kurasync:configure'] = 'Configure kurasync';
$string['kurasync:map'] = 'Connect a course with a kuraCloud course';
$string['kurasync:syncgrades'] = 'Ask for the grades of a course from kuraCloud';
$string['kurasync:syncusers'] = 'Ask for the students of a course to be brought into kuraCloud';
$string['pluginname'] = 'kurasync';
$string['privacy:metadata:kuracloud'] = 'kurasync reads the students of connected courses through web services and brings them into kuraCloud.';
$string['privacy:metadata:kuracloud:email'] = 'The e-mail address, to which kuraCloud sends its invitation';
$string['privacy:metadata:kuracloud:firstname'] = 'The first name';
$string['privacy:metadata:kuracloud:idnumber'] = 'The ID number';
$string['privacy:metadata:kuracloud:lastname'] = 'The last name';
$string['privacy:metadata:kuracloud:section'] = 'The name of a group in the course, as the section';
$string['privacy:metadata:outbox'] = 'Events that kurasync has not received yet. They are deleted when it has received them, after 30 days at the latest.';
$string['privacy:metadata:outbox:courseid'] = 'The course in which it happened';
$string['privacy:metadata:outbox:eventname'] = 'What happened';
$string['privacy:metadata:outbox:objectid'] = 'The number of what was changed, such as an enrolment, a group or an account';
$string['privacy:metadata:outbox:relateduserid'] = 'The user whom it concerns';
$string['privacy:metadata:outbox:timecreated'] = 'When it happened';
$string['privacy:metadata:outbox:userid'] = 'The user who did it';
$string['role_description'] = 'What kurasync may do with its token. Made by its set-up, which also takes away what is added here.';
$string['role_name'] = 'kurasync (web service)';
$string['serviceuser'] = 'web service';
$string['setup_enable'] = 'Switch web services and the REST protocol on';
$string['setup_intro'] = 'This makes the service user, its role, a token and the webhook secret, keeps what is there already, and hands out a file. Give it to kurasync with `kurasync site add --file FILE`, then delete it: whoever has it can read the courses and write their grades.';
$string['setup_newtoken'] = 'End the present token and make another';
$string['setup_secret'] = 'Webhook secret';
$string['setup_secret_help'] = 'Leave this empty to keep the present secret, or to have one made. Enter one where kurasync knows the site already: `kurasync site secret add SITE` shows a new one.';
$string['setup_submit'] = 'Set up and download the file';
$string['setup_title'] = 'Set-up';
$string['setup_url'] = 'kurasync\'s address for this site\'s events';
$string['setup_url_help'] = 'kurasync\'s own address, /events/ and a name for this site, in small letters: https://kurasync.example.edu/events/uni';
$string['status_dropped'] = 'Dropped after 30 days';
$string['status_failures'] = 'Failures in a row';
$string['status_lastdelivery'] = 'Last delivery';
$string['status_lasterror'] = 'Last error';
$string['status_lasterrortime'] = 'Time of the last error';
$string['status_nexttry'] = 'Next try not before';
$string['status_oldest'] = 'Oldest event that waits';
$string['status_reason'] = 'Reason';
$string['status_setaside'] = 'Set aside: refused by kurasync';
$string['status_title'] = 'Status';
$string['status_url'] = 'Address';
$string['status_waiting'] = 'Events that wait';
$string['task_deliver'] = 'Deliver events to kurasync';
$string['warning_blocked'] = 'Moodle\'s HTTP security blocks {$a}. Allow its port, and take its address off the blocked hosts: Site administration > General > Security > HTTP security.';
$string['warning_clone'] = 'This Moodle has another address or identity than the one that was connected ({$a}): it is taken for a copy and reports nothing. Say what it is.';
$string['warning_http'] = 'Events travel unencrypted: kurasync\'s address begins with http.';
$string['warning_notsetup'] = 'This Moodle is not connected to kurasync yet: nothing is kept and nothing is reported.';
$string['warning_webservices'] = 'Web services or their REST protocol are switched off: kurasync cannot read anything. The set-up can switch them on.';
