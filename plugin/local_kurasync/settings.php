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
 * The plugin's pages in the site administration.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

if (has_capability('local/kurasync:configure', \core\context\system::instance())) {
    $ADMIN->add('localplugins', new admin_category('local_kurasync', new lang_string('pluginname', 'local_kurasync')));
    foreach (['status', 'setup'] as $page) {
        $ADMIN->add('local_kurasync', new admin_externalpage(
            "local_kurasync_$page",
            new lang_string("{$page}_title", 'local_kurasync'),
            new \core\url("/local/kurasync/$page.php"),
            'local/kurasync:configure'
        ));
    }
}
