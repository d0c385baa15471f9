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
 * How the connection to kurasync is.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/adminlib.php');

admin_externalpage_setup('local_kurasync_status');
$url = new \core\url('/local/kurasync/status.php');

$action = optional_param('action', '', PARAM_ALPHA);
if ($action !== '' && data_submitted() && confirm_sesskey()) {
    $said = \local_kurasync\status::act($action);
    redirect($url, $said->get_message(), null, $said->get_message_type());
}

echo $OUTPUT->header();
echo $OUTPUT->heading(get_string('status_title', 'local_kurasync'));
foreach (\local_kurasync\status::warnings() as $warning) {
    echo $OUTPUT->notification($warning, \core\output\notification::NOTIFY_WARNING, false);
}
$table = new \core_table\output\html_table();
foreach (\local_kurasync\status::facts() as $name => $value) {
    $table->data[] = [$name, $value];
}
echo \core\output\html_writer::table($table);
foreach (\local_kurasync\status::actions() as $action) {
    $label = get_string("action_$action", 'local_kurasync');
    echo $OUTPUT->single_button(new \core\url($url, ['action' => $action]), $label, 'post');
}
echo $OUTPUT->single_button(
    new \core\url('/local/kurasync/setup.php'),
    get_string('setup_title', 'local_kurasync'),
    'get'
);
if ($setaside = \local_kurasync\status::set_aside_table()) {
    echo $OUTPUT->heading(get_string('status_setaside', 'local_kurasync'), 3);
    echo \core\output\html_writer::table($setaside);
}
echo $OUTPUT->footer();
