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
 * Says what a copy of the site shall do: be the site from now on, or never report.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../../config.php');
require_once($CFG->libdir . '/clilib.php');

$help = "A Moodle with another address or identity than the one that was connected to kurasync is taken for a copy, and
reports nothing until it is told what it is.

Options:
  --adopt     this is the real site now; what waits is delivered
  --forget    this is a copy: the connection and what waits are dropped
  -h, --help  this text
";
[$options, $unknown] = cli_get_params(['adopt' => false, 'forget' => false, 'help' => false], ['h' => 'help']);
if ($unknown) {
    cli_error(get_string('cliunknowoption', 'core_admin', implode("\n  ", $unknown)), 2);
}
if ($options['help'] || $options['adopt'] === $options['forget']) {
    cli_writeln($help);
    exit($options['help'] ? 0 : 2);
}

\core\session\manager::set_user(get_admin());
cli_writeln(\local_kurasync\status::act($options['adopt'] ? 'adopt' : 'forget')->get_message());
