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
 * Bring the outbox of an earlier version up to date.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

/**
 * What changed in the database since a version; rows that wait stay.
 *
 * @param int $oldversion
 * @return bool
 */
function xmldb_local_kurasync_upgrade(int $oldversion): bool {
    global $DB;
    if ($oldversion < 2026112300) {
        $manager = $DB->get_manager();
        $table = new xmldb_table('local_kurasync_outbox');
        $field = new xmldb_field('originalcourseid', XMLDB_TYPE_INTEGER, '10', null, null, null, null, 'contextinstanceid');
        if (!$manager->field_exists($table, $field)) {
            $manager->add_field($table, $field);
        }
        upgrade_plugin_savepoint(true, 2026112300, 'local', 'kurasync');
    }
    return true;
}
