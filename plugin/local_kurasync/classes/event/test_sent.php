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
 * An administrator tries whether events arrive.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class test_sent extends \core\event\base {
    #[\Override]
    protected function init(): void {
        $this->context = \core\context\system::instance();
        $this->data['crud'] = 'c';
        $this->data['edulevel'] = self::LEVEL_OTHER;
    }

    #[\Override]
    public static function get_name(): string {
        return get_string('event_test_sent', 'local_kurasync');
    }

    #[\Override]
    public function get_description(): string {
        return "The user with id '$this->userid' sent a test event to kurasync.";
    }

    #[\Override]
    public function get_url(): \core\url {
        return new \core\url('/local/kurasync/status.php');
    }
}
