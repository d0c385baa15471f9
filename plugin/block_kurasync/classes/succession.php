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

namespace block_kurasync;

/**
 * Puts this block where block_kuracloud was.
 *
 * The old block's instances are renamed, not removed: removing one makes the old block switch its kuraCloud course over to
 * be managed by hand.
 *
 * @package    block_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class succession {
    /** The old block's name. */
    private const OLD = 'kuracloud';

    /** Ours. */
    private const NEW = 'kurasync';

    /**
     * Instances of the old block.
     *
     * @return int how many
     */
    public static function pending(): int {
        global $DB;
        return $DB->count_records('block_instances', ['blockname' => self::OLD]);
    }

    /**
     * Make all of them ours: place, weight and visibility stay. A course that has ours already keeps both.
     *
     * @return int how many there were
     */
    public static function take_over(): int {
        global $DB;
        $transaction = $DB->start_delegated_transaction();
        $taken = self::pending();
        $changes = ['blockname' => self::NEW, 'configdata' => '', 'timemodified' => \core\di::get(\core\clock::class)->time()];
        foreach ($DB->get_fieldset('block_instances', 'id', ['blockname' => self::OLD]) as $id) {
            $DB->update_record('block_instances', (object) (['id' => $id] + $changes));
        }
        $transaction->allow_commit();
        return $taken;
    }
}
