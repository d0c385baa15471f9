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
 * An administrator set the connection up, took it over for this site, or ended it.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class connection_changed extends \core\event\base {
    /**
     * The event for a change.
     *
     * @param string $change setup, adopt or forget
     * @return self
     */
    public static function of(string $change): self {
        return self::create(['other' => ['change' => $change]]);
    }

    #[\Override]
    protected function init(): void {
        $this->context = \core\context\system::instance();
        $this->data['crud'] = 'u';
        $this->data['edulevel'] = self::LEVEL_OTHER;
    }

    #[\Override]
    public static function get_name(): string {
        return get_string('event_connection_changed', 'local_kurasync');
    }

    #[\Override]
    public function get_description(): string {
        return "The user with id '$this->userid' changed the connection to kurasync: '{$this->other['change']}'.";
    }

    #[\Override]
    public function get_url(): \core\url {
        return new \core\url('/local/kurasync/status.php');
    }

    #[\Override]
    protected function validate_data(): void {
        parent::validate_data();
        if (!in_array($this->other['change'] ?? null, ['setup', 'adopt', 'forget'], true)) {
            throw new \coding_exception('The \'change\' must be setup, adopt or forget.');
        }
    }
}
