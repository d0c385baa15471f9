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
 * Connects this site to kurasync in one go; may be repeated.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

define('CLI_SCRIPT', true);

// Moodle moves to the script's own folder, which the web server may serve: a relative name means the caller's folder.
$callersfolder = getcwd();
$place = fn(string $file): string => str_starts_with($file, '/') ? $file : "$callersfolder/$file";

require(__DIR__ . '/../../../config.php');
require_once($CFG->libdir . '/clilib.php');

$help = "Connects this Moodle to kurasync: makes the service user, a role with exactly the capabilities it needs, the token
and the webhook secret, and writes them into a file for `kurasync site add --file`. What is there already is kept.

Options:
  --url=URL           kurasync's address for this site's events: https://kurasync.example.edu/events/<site>
  --file=FILE         where to write (default: kurasync-<site>.json in the current folder); only its owner can read it
  --enable            switch web services and REST on
  --new-token         end the present token and make another
  --secret-file=FILE  use the webhook secret in this file instead of making one ('-': standard input)
  -h, --help          this text
";
[$options, $unknown] = cli_get_params(
    ['url' => '', 'file' => '', 'enable' => false, 'new-token' => false, 'secret-file' => '', 'help' => false],
    ['h' => 'help']
);
if ($unknown) {
    cli_error(get_string('cliunknowoption', 'core_admin', implode("\n  ", $unknown)), 2);
}
if ($options['help'] || $options['url'] === '') {
    cli_writeln($help);
    exit($options['help'] ? 0 : 2);
}
$secret = '';
if ($options['secret-file'] !== '') {
    $from = $options['secret-file'] === '-' ? 'php://stdin' : $place($options['secret-file']);
    $secret = trim((string) @file_get_contents($from));
    if ($secret === '') {
        cli_error('There is no secret in ' . $options['secret-file'] . '.', 2);
    }
}
$fault = \local_kurasync\setup::fault_of_url($options['url']);
if ($fault !== '') {
    cli_error($fault, 2);
}
$file = $options['file'] !== '' ? $options['file'] : 'kurasync-' . basename(rtrim($options['url'], '/')) . '.json';
$folder = realpath(dirname($place($file)));
if ($folder === false || !is_writable($folder)) {
    cli_error('There is no folder to write the file into, or it is not yours. Name a file with --file.', 2);
}
if (str_starts_with("$folder/", realpath($CFG->dirroot) . '/')) {
    cli_error('The file would lie where the web server hands files out. Name another folder with --file.', 2);
}
$file = $folder . '/' . basename($file);

\core\session\manager::set_user(get_admin());
try {
    $result = \local_kurasync\setup::run($options['url'], $secret, $options['enable'], $options['new-token']);
} catch (moodle_exception $e) {
    cli_error($e->getMessage());
}

// Written beside and moved: a file that others may read is never written into.
$new = $file . '.' . bin2hex(random_bytes(4));
$before = umask(0077);
$written = file_put_contents($new, \local_kurasync\setup::as_file($result));
umask($before);
if (!$written || !rename($new, $file)) {
    cli_error("The file $file cannot be written. Name another with --file; what was set up stays.");
}

cli_writeln("Moodle is connected. Now, where kurasync runs: kurasync site add --file $file");
cli_writeln('The file holds the token and the webhook secret: delete it afterwards.');
foreach (\local_kurasync\status::warnings() as $warning) {
    cli_writeln('');
    cli_writeln('Warning: ' . html_to_text($warning, 0, false));
}
