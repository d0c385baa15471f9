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
 * A course and its kuraCloud course, for who teaches it: how they stand, what waits, and the buttons.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require(__DIR__ . '/../../config.php');

$course = get_course(required_param('courseid', PARAM_INT));
$view = optional_param('view', 'overview', PARAM_ALPHA);
$act = optional_param('act', '', PARAM_ALPHA);
$given = [
    'kind' => optional_param('kind', 'roster', PARAM_ALPHA),
    'task' => optional_param('task', 0, PARAM_INT),
    'digest' => optional_param('digest', '', PARAM_ALPHANUMEXT),
    'mapping' => optional_param('mapping', 0, PARAM_INT),
    'instance' => optional_param('instance', '', PARAM_ALPHANUMEXT),
    'course' => optional_param('course', 0, PARAM_INT),
    'name' => optional_param('name', '', PARAM_TEXT),
    'search' => core_text::substr(optional_param('search', '', PARAM_TEXT), 0, 100),
    'after' => optional_param('after', '', PARAM_ALPHANUMEXT),
];
require_login($course);
$context = \core\context\course::instance($course->id);
$rights = \local_kurasync\course_rights::in($context);
$page = new \core\url('/local/kurasync/course.php', ['courseid' => $course->id]);

$PAGE->set_url($page);
$PAGE->set_pagelayout('incourse');
$PAGE->set_secondary_active_tab('local_kurasync');
$shortname = format_string($course->shortname, true, ['context' => $context]);
$PAGE->set_title(get_string('course_title', 'local_kurasync') . ': ' . $shortname);
$PAGE->set_heading(format_string($course->fullname, true, ['context' => $context]));

if ((int) $course->id === SITEID || !$rights->any()) {
    // Moodle's own page for a missing capability says "not found".
    http_response_code(403);
    echo $OUTPUT->header();
    echo $OUTPUT->notification(get_string('nopermissiontoshow', 'error'), \core\output\notification::NOTIFY_ERROR, false);
    echo $OUTPUT->footer();
    exit;
}

$client = \local_kurasync\course_client::of_course((int) $course->id);
if ($act !== '' && data_submitted()) {
    require_sesskey();
    [$next, $said] = (new \local_kurasync\course_act($client, $context, $rights, $page, $given))->perform($act);
    redirect($next, $said?->get_message() ?? '', null, $said?->get_message_type() ?? '');
}

$shown = (new \local_kurasync\course_views($client, $rights, $page, $given))->show($view);
if ($seconds = $shown->refreshes()) {
    // Not set_periodic_refresh_delay(): it escapes an address with several parameters twice.
    header("Refresh: $seconds");
}
echo $OUTPUT->header();
echo $OUTPUT->heading(get_string('course_title', 'local_kurasync'));
echo $OUTPUT->render($shown);
echo $OUTPUT->footer();
