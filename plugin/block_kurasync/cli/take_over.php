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
 * Puts this block where block_kuracloud was, in all courses.
 *
 * @package    block_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../../config.php');
require_once($CFG->libdir . '/clilib.php');

$help = "Puts the block kuraCloud (kurasync) where block_kuracloud was, in all courses: in the same place, for the same people.
The old block has nothing to show in them any more; mappings and students are not touched. There is no way back but a
backup of the table block_instances.

Options:
  --dry-run           only say how many there are
  -h, --help          this text
";
[$options, $unknown] = cli_get_params(['dry-run' => false, 'help' => false], ['h' => 'help']);
if ($unknown) {
    cli_error(get_string('cliunknowoption', 'core_admin', implode("\n  ", $unknown)), 2);
}
if ($options['help']) {
    cli_writeln($help);
    exit(0);
}
if ($options['dry-run']) {
    cli_writeln('Instances of block_kuracloud: ' . \block_kurasync\succession::pending());
    exit(0);
}
cli_writeln('Instances of block_kuracloud taken over: ' . \block_kurasync\succession::take_over());
