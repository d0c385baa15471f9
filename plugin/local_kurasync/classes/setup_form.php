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

namespace local_kurasync;

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->libdir . '/formslib.php');

/**
 * What an administrator enters to connect this site to kurasync.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class setup_form extends \moodleform {
    #[\Override]
    protected function definition(): void {
        $form = $this->_form;
        $form->addElement('text', 'url', get_string('setup_url', 'local_kurasync'), ['size' => 60]);
        $form->setType('url', PARAM_RAW_TRIMMED);
        $form->addRule('url', null, 'required');
        $form->addHelpButton('url', 'setup_url', 'local_kurasync');
        $form->setDefault('url', connection::url());
        $form->addElement('passwordunmask', 'secret', get_string('setup_secret', 'local_kurasync'));
        $form->setType('secret', PARAM_RAW_TRIMMED);
        $form->addHelpButton('secret', 'setup_secret', 'local_kurasync');
        if (!setup::are_web_services_on()) {
            $form->addElement('advcheckbox', 'enable', '', get_string('setup_enable', 'local_kurasync'));
            $form->setDefault('enable', 1);
        }
        $form->addElement('advcheckbox', 'newtoken', '', get_string('setup_newtoken', 'local_kurasync'));
        $this->add_action_buttons(true, get_string('setup_submit', 'local_kurasync'));
    }

    #[\Override]
    public function validation($data, $files): array {
        $faults = parent::validation($data, $files);
        if ($fault = setup::fault_of_url($data['url'])) {
            $faults['url'] = $fault;
        }
        if ($data['secret'] !== '' && !webhook::is_secret($data['secret'])) {
            $faults['secret'] = get_string('error_secret', 'local_kurasync');
        }
        return $faults;
    }
}
