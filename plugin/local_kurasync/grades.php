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
 * Asks for a course's grades from kuraCloud.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require(__DIR__ . '/../../config.php');

$course = get_course(required_param('courseid', PARAM_INT));
require_login($course);
$context = \core\context\course::instance($course->id);
require_capability('local/kurasync:syncgrades', $context);

$PAGE->set_url('/local/kurasync/grades.php', ['courseid' => $course->id]);
$PAGE->set_pagelayout('incourse');
$PAGE->set_title(get_string('grades_title', 'local_kurasync'));
$PAGE->set_heading(format_string($course->fullname, true, ['context' => $context]));

$courseurl = new \core\url('/course/view.php', ['id' => $course->id]);
if (!\local_kurasync\connection::is_set_up()) {
    redirect($courseurl, get_string('grades_notsetup', 'local_kurasync'), null, \core\output\notification::NOTIFY_ERROR);
}
if (data_submitted() && confirm_sesskey()) {
    \local_kurasync\event\grades_requested::of((int) $course->id)->trigger();
    redirect($courseurl, get_string('grades_done', 'local_kurasync'), null, \core\output\notification::NOTIFY_SUCCESS);
}

echo $OUTPUT->header();
echo $OUTPUT->heading(get_string('grades_title', 'local_kurasync'));
$button = new \core\output\single_button($PAGE->url, get_string('grades_submit', 'local_kurasync'), 'post', 'primary');
echo $OUTPUT->confirm(get_string('grades_question', 'local_kurasync'), $button, $courseurl);
echo $OUTPUT->footer();
