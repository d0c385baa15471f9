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

namespace local_kurasync\task;

use local_kurasync\curl_transport;
use local_kurasync\delivery;

/**
 * Takes the outbox to kurasync every minute: whatever no request could deliver.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class deliver_events extends \core\task\scheduled_task {
    /** Seconds to spend: the next task is a minute away. */
    private const SECONDS = 50;

    /** Seconds to wait for an answer. */
    private const PATIENCE = 20;

    #[\Override]
    public function get_name(): string {
        return get_string('task_deliver', 'local_kurasync');
    }

    #[\Override]
    public function execute(): void {
        (new delivery(new curl_transport()))->run(self::SECONDS, self::PATIENCE);
    }
}
