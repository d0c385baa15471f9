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
 * Connects this site to kurasync and hands out the file for `kurasync site add --file`.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/adminlib.php');
require_once($CFG->libdir . '/filelib.php');

admin_externalpage_setup('local_kurasync_setup');
// It makes a user, a role and a token, and may switch web services on: more than the plugin's own capability allows.
require_capability('moodle/site:config', \core\context\system::instance());

$form = new \local_kurasync\setup_form();
if ($form->is_cancelled()) {
    redirect(new \core\url('/local/kurasync/status.php'));
}
if ($given = $form->get_data()) {
    $result = \local_kurasync\setup::run($given->url, $given->secret, !empty($given->enable), !empty($given->newtoken));
    send_file(
        \local_kurasync\setup::as_file($result),
        "kurasync-{$result['name']}.json",
        0,
        0,
        true,
        true,
        'application/json'
    );
}

echo $OUTPUT->header();
echo $OUTPUT->heading(get_string('setup_title', 'local_kurasync'));
echo $OUTPUT->box(get_string('setup_intro', 'local_kurasync'));
$form->display();
echo $OUTPUT->footer();
