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
$string['cachedef_glance'] = 'How courses stand with kuraCloud, for the block';
$string['cells_none'] = 'No grades yet.';
$string['cells_title'] = 'Grades';
$string['chosen_number'] = 'Course {$a} in kuraCloud';
$string['chosen_title'] = 'Connect this course with "{$a}"?';
$string['column_address'] = 'E-mail address';
$string['column_change'] = 'Before → after';
$string['column_code'] = 'Code';
$string['column_column'] = 'Lesson';
$string['column_instance'] = 'Instance';
$string['column_kuracourse'] = 'kuraCloud course';
$string['column_message'] = 'Where it is and why';
$string['column_shown'] = 'In Moodle';
$string['column_standing'] = 'State';
$string['column_student'] = 'kuraCloud id';
$string['column_user'] = 'Moodle id';
$string['column_value'] = 'In kuraCloud';
$string['column_who'] = 'Who';
$string['column_why'] = 'Why';
$string['columns_title'] = 'Lessons';
$string['course_back'] = 'Back to the overview';
$string['course_candidates'] = 'kuraCloud courses that can be connected';
$string['course_choose'] = 'Choose the kuraCloud course that belongs to it. Before you do:';
$string['course_choose_this'] = 'Choose {$a}';
$string['course_done_approve'] = 'Approved: it is being done now, within a minute as a rule.';
$string['course_done_go'] = 'It is being done now, within a minute as a rule.';
$string['course_done_map'] = 'Connected. Both courses are compared now; what would change waits here for you.';
$string['course_done_reject'] = 'Rejected: it is left as it is, and not asked again before something changes.';
$string['course_done_sync_grades'] = 'Asked for. The grades appear in the gradebook within some minutes.';
$string['course_done_sync_later'] = 'kurasync could not be reached, so the request is kept: the grades appear in the gradebook when it is back.';
$string['course_done_sync_roster'] = 'The course is being looked at now.';
$string['course_done_unmap'] = 'The mapping is removed. The students stay in kuraCloud, and can be edited there again.';
$string['course_done_unmap_kept'] = 'The mapping is removed. kuraCloud could not be told: its students may still be locked there. Tell an administrator.';
$string['course_lastinstep'] = 'Last in step';
$string['course_lastrun'] = 'Last look {$a}:';
$string['course_lmsenabled'] = 'Another system seems to manage its students already: ask before you take it.';
$string['course_lookagain'] = 'Look again';
$string['course_map'] = 'Connect';
$string['course_more'] = 'There are more. Search by a part of the name, or by the code.';
$string['course_neverinstep'] = 'Not yet.';
$string['course_none'] = 'There is no kuraCloud course that is free. One that is connected with another course, or archived, is not shown.';
$string['course_none_found'] = 'No free kuraCloud course fits. One that is connected with another course, or archived, is not shown.';
$string['course_norun'] = 'Not looked at yet.';
$string['course_notstarted'] = 'This is new: both courses are being compared. Nothing is done in kuraCloud before somebody has looked at what would change and let it go ahead.';
$string['course_preview_grades'] = 'Preview grades';
$string['course_remove'] = 'Remove mapping';
$string['course_search'] = 'Search kuraCloud courses';
$string['course_silent'] = '{$a} did not answer: its courses are missing here. Try again in a few minutes.';
$string['course_sync_grades'] = 'Sync grades';
$string['course_sync_roster'] = 'Sync user enrolments';
$string['course_title'] = 'kuraCloud';
$string['course_unmapped'] = 'This course is not connected with a kuraCloud course.';
$string['course_unmapped_ask'] = 'Somebody with the right to connect it, such as an editing teacher, can do so on this page.';
$string['course_working'] = 'It is being looked at now.';
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
$string['event_course_steered'] = 'kuraCloud page used';
$string['event_grades_requested'] = 'kuraCloud grades requested';
$string['event_test_sent'] = 'Test event sent to kurasync';
$string['event_user_erased'] = 'Personal data to be erased in kurasync';
$string['grades_submit'] = 'Ask for the grades';
$string['gradespage_title'] = 'Grades from kuraCloud';
$string['gradestanding_changed_in_moodle'] = 'Changed in Moodle';
$string['gradestanding_doubtful'] = 'Doubtful';
$string['gradestanding_in_step'] = 'In step';
$string['gradestanding_left_out'] = 'Left out';
$string['gradestanding_locked'] = 'Locked';
$string['gradestanding_not_in_export'] = 'Not in kuraCloud any more';
$string['gradestanding_not_linked'] = 'Not linked';
$string['gradestanding_pending'] = 'Not looked at yet';
$string['gradestanding_refused'] = 'Not taken by Moodle';
$string['gradestanding_waiting'] = 'Waiting for a decision';
$string['hold_approve'] = 'Let it go ahead';
$string['hold_decided'] = '{$a}: approved, not done yet.';
$string['hold_explained'] = 'Everything else is kept in step meanwhile. If you let it go ahead, exactly what you see here is done, as far as it still applies. If you reject it, nothing of it is done.';
$string['hold_look'] = 'Look at it';
$string['hold_reject'] = 'Reject';
$string['hold_since'] = 'Since {$a}.';
$string['hold_title'] = '{$a}: waiting';
$string['hold_waits'] = '{$a}: something waits for a person to decide.';
$string['holdstate_approved'] = 'Somebody approved it; it is being done.';
$string['holdstate_open'] = 'It waits for somebody\'s decision.';
$string['kind_grades'] = 'Grades';
$string['kind_roster'] = 'Students';
$string['kurasync:configure'] = 'Configure kurasync';
$string['kurasync:map'] = 'Connect a course with a kuraCloud course';
$string['kurasync:syncgrades'] = 'Ask for the grades of a course from kuraCloud';
$string['kurasync:syncusers'] = 'Ask for the students of a course to be brought into kuraCloud';
$string['list_readat'] = 'As of {$a}.';
$string['list_unread'] = 'Not looked at yet.';
$string['note_first'] = 'Nothing of this happens before you have looked at the first list and let it go ahead.';
$string['note_grades'] = 'Grades of published lessons come back into this course\'s gradebook. Grades that somebody changed or locked here stay as they are.';
$string['note_invitations'] = 'kuraCloud sends an invitation by e-mail to each student who is new to it.';
$string['note_kuracloud'] = 'Students can then no longer be edited in kuraCloud itself, and the kuraCloud course cannot be deleted there.';
$string['note_students'] = 'The students of this course will be the students of the kuraCloud course: who is enrolled here is added there, who leaves is removed.';
$string['obstacle_dead'] = 'This course was given up after many failures. Those who run kurasync can see why, and try again.';
$string['obstacle_instance_parked'] = 'kuraCloud refuses the connection. Administrators can see why; once it is put right, everything goes on by itself and nothing is lost.';
$string['obstacle_paused'] = 'This course was paused by those who run kurasync. What happens in Moodle meanwhile is kept.';
$string['obstacle_removing'] = 'The mapping is just being removed.';
$string['obstacle_repointing'] = 'The mapping is just getting another course.';
$string['obstacle_site_parked'] = 'kurasync cannot read this Moodle at the moment. Administrators can see why; once it is put right, everything goes on by itself and nothing is lost.';
$string['part_all'] = 'Show all';
$string['plan_again'] = 'Look again';
$string['plan_asof'] = 'As of {$a}. Nothing has been changed.';
$string['plan_beingmade'] = 'Both courses are being compared. This page looks again by itself.';
$string['plan_failed'] = 'It could not be found out.';
$string['plan_go'] = '"Continue" does exactly what you see here, also what needs a decision, as far as it still applies then. What is new by then is not done unasked.';
$string['plan_more'] = 'And {$a} more.';
$string['plan_nothing_grades'] = 'Grades are in step: nothing to change.';
$string['plan_nothing_roster'] = 'Enrolments are in step: nothing to change.';
$string['plan_of_grades'] = 'What would change for grades';
$string['plan_of_roster'] = 'What would change for students';
$string['plan_part_go'] = 'Would be done';
$string['plan_part_held'] = 'Needs a decision';
$string['plan_part_other'] = 'Is left as it is';
$string['plan_used'] = 'Somebody let this go ahead: it is done, or being done.';
$string['planned_add'] = 'Add and invite';
$string['planned_column_add'] = 'Make the column';
$string['planned_column_edit'] = 'Change the column';
$string['planned_column_remove'] = 'Remove the column';
$string['planned_conflicts'] = 'Conflicts: somebody has to decide, nothing is done to these';
$string['planned_delete'] = 'Remove';
$string['planned_dropped'] = 'Left out';
$string['planned_edit'] = 'Edit';
$string['planned_end_link'] = 'Forget the link';
$string['planned_failed'] = 'Refused';
$string['planned_grade_clear'] = 'Clear the grade';
$string['planned_grade_lower'] = 'Lower the grade';
$string['planned_grade_set'] = 'Write the grade';
$string['planned_left'] = 'Left as it is';
$string['planned_link'] = 'Link';
$string['planned_reinvite'] = 'Remove and invite anew';
$string['planned_relink'] = 'Link anew';
$string['planned_remove_unmanaged'] = 'Remove (in kuraCloud only)';
$string['planned_restore'] = 'Restore';
$string['pluginname'] = 'kurasync';
$string['privacy:metadata:kuracloud'] = 'kurasync reads the students of connected courses through web services and brings them into kuraCloud.';
$string['privacy:metadata:kuracloud:email'] = 'The e-mail address, to which kuraCloud sends its invitation';
$string['privacy:metadata:kuracloud:firstname'] = 'The first name';
$string['privacy:metadata:kuracloud:idnumber'] = 'The ID number';
$string['privacy:metadata:kuracloud:lastname'] = 'The last name';
$string['privacy:metadata:kuracloud:section'] = 'The name of a group in the course, as the section';
$string['privacy:metadata:kurasync'] = 'kurasync is told who uses a course\'s kuraCloud page, and writes it into its audit.';
$string['privacy:metadata:kurasync:courseid'] = 'The course in which it was';
$string['privacy:metadata:kurasync:userid'] = 'The number of the user who looked or pressed a button; no name';
$string['privacy:metadata:outbox'] = 'Events that kurasync has not received yet. They are deleted when it has received them, after 30 days at the latest.';
$string['privacy:metadata:outbox:courseid'] = 'The course in which it happened';
$string['privacy:metadata:outbox:eventname'] = 'What happened';
$string['privacy:metadata:outbox:objectid'] = 'The number of what was changed, such as an enrolment, a group or an account';
$string['privacy:metadata:outbox:relateduserid'] = 'The user whom it concerns';
$string['privacy:metadata:outbox:timecreated'] = 'When it happened';
$string['privacy:metadata:outbox:userid'] = 'The user who did it';
$string['refusal_course_pages_off'] = 'Pages in courses are switched off in kurasync. Those who run it can bring this course in step.';
$string['refusal_invalid'] = 'kurasync could not use the request. Go back to the overview and try again.';
$string['refusal_not_mapped'] = 'This course is not connected with a kuraCloud course.';
$string['refusal_not_stored'] = 'kurasync cannot work at the moment. Nothing was changed: try again in a few minutes.';
$string['refusal_notconnected'] = 'This Moodle is not connected to kurasync, or no longer. Tell an administrator.';
$string['refusal_other'] = 'kurasync did not take the request. Tell an administrator.';
$string['refusal_silence'] = 'kurasync does not answer at the moment.';
$string['refusal_stale_digest'] = 'What waits has changed since you looked at it: look at it again.';
$string['refusal_unknown_site'] = 'kurasync does not know this Moodle. Tell an administrator.';
$string['refusal_used'] = 'This is being done already.';
$string['refusal_wrong_moodle'] = 'kurasync takes this Moodle for a copy of another one. Tell an administrator.';
$string['removal_back'] = 'From then on nothing is kept in step any more. You can connect the course again later.';
$string['removal_grades'] = 'Columns and grades in the gradebook of this course stay.';
$string['removal_students'] = 'The students stay in the kuraCloud course, with their work. They can be edited, and deleted, in kuraCloud again.';
$string['removal_title'] = 'Remove the mapping with "{$a}"?';
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
$string['standing_conflict'] = 'Conflict';
$string['standing_in_step'] = 'In step';
$string['standing_invited'] = 'Invited';
$string['standing_left_out'] = 'Left out';
$string['standing_only_in_kuracloud'] = 'In kuraCloud only';
$string['standing_pending'] = 'Not looked at yet';
$string['standing_refused'] = 'Refused';
$string['standing_waiting'] = 'Waiting for a decision';
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
$string['students_none'] = 'Nobody.';
$string['students_title'] = 'Students';
$string['task_deliver'] = 'Deliver events to kurasync';
$string['task_grades'] = 'Somebody asked on {$a} what would change for grades, and has not gone on from there.';
$string['task_look'] = 'Look at it';
$string['task_roster'] = 'Somebody asked on {$a} what would change for students, and has not gone on from there.';
$string['unanswered_grades'] = 'You can ask for the grades all the same.';
$string['unanswered_safe'] = 'Nothing is lost: what happens in this course is kept and passed on as soon as kurasync is back.';
$string['warning_blocked'] = 'Moodle\'s HTTP security blocks {$a}. Allow its port, and take its address off the blocked hosts: Site administration > General > Security > HTTP security.';
$string['warning_clone'] = 'This Moodle has another address or identity than the one that was connected ({$a}): it is taken for a copy and reports nothing. Say what it is.';
$string['warning_http'] = 'Events travel unencrypted: kurasync\'s address begins with http.';
$string['warning_notsetup'] = 'This Moodle is not connected to kurasync yet: nothing is kept and nothing is reported.';
$string['warning_webservices'] = 'Web services or their REST protocol are switched off: kurasync cannot read anything. The set-up can switch them on.';
