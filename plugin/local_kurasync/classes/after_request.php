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

namespace local_kurasync;

/**
 * Delivers as soon as the request that caused the events has been answered, where PHP can answer first (FPM).
 *
 * Elsewhere the scheduled task delivers: a page never waits for kurasync.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class after_request {
    /** Seconds to spend, and to wait for an answer. */
    private const SECONDS = 5;

    /** @var bool whether it has been arranged */
    private static bool $arranged = false;

    /**
     * Deliver at the end of this request; once, however many events there are.
     */
    public static function arrange(): void {
        if (self::$arranged || CLI_SCRIPT || !function_exists('fastcgi_finish_request')) {
            return;
        }
        self::$arranged = true;
        // PHP calls these in the order in which they were registered: after core_shutdown_manager's, which ends
        // open transactions and lets go of the session. With that manager the user's next page would wait.
        \register_shutdown_function([self::class, 'deliver']);
    }

    /**
     * Answer the request, then deliver.
     */
    public static function deliver(): void {
        try {
            fastcgi_finish_request();
            \core_php_time_limit::raise(6 * self::SECONDS);
            (new delivery(new curl_transport()))->run(self::SECONDS, self::SECONDS);
        } catch (\Throwable $e) {
            failure::note('nothing could be delivered after the request', $e);
        }
    }
}
