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

namespace local_kurasync\event;

/**
 * Somebody's personal data is to be erased: kurasync is told.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class user_erased extends \core\event\base {
    /**
     * The event for a user.
     *
     * @param int $userid whose data is erased
     * @return self
     */
    public static function of(int $userid): self {
        return self::create(['relateduserid' => $userid, 'context' => \core\context\system::instance()]);
    }

    #[\Override]
    protected function init(): void {
        $this->data['crud'] = 'd';
        $this->data['edulevel'] = self::LEVEL_OTHER;
    }

    #[\Override]
    public static function get_name(): string {
        return get_string('event_user_erased', 'local_kurasync');
    }

    #[\Override]
    public function get_description(): string {
        return "The personal data of the user with id '$this->relateduserid' is being erased.";
    }
}
