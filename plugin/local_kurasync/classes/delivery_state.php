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
 * How the last deliveries went, and when the next may be tried. Kept among the plugin's settings.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class delivery_state {
    /** Seconds until the second try; each further failure doubles them. */
    private const FIRST_WAIT = 15;

    /** Seconds between two tries at most, unless kurasync asks for more. */
    private const LONGEST_WAIT = 900;

    /** Seconds that a Retry-After may ask for at most. */
    private const LONGEST_RETRY_AFTER = 86400;

    /** What is kept, all of it, with its value before the first delivery. */
    private const EMPTY = [
        'failures' => 0,
        'nexttry' => 0,
        'lastdelivery' => 0,
        'lasterror' => '',
        'lasterrortime' => 0,
        'dropped' => 0,
    ];

    /**
     * All of it.
     *
     * @return \stdClass failures and dropped are counts, nexttry, lastdelivery and lasterrortime unix times (0: never)
     */
    public static function get(): \stdClass {
        global $DB;
        // Straight from the table: cron keeps its processes, and their caches, for minutes.
        $kept = $DB->get_records_menu('config_plugins', ['plugin' => 'local_kurasync'], '', 'name, value');
        $state = new \stdClass();
        foreach (self::EMPTY as $name => $empty) {
            $state->$name = is_int($empty) ? (int) ($kept[$name] ?? 0) : ($kept[$name] ?? '');
        }
        return $state;
    }

    /**
     * Whether a delivery may be tried.
     *
     * @param int $now unix time
     * @return bool
     */
    public static function is_due(int $now): bool {
        return self::get()->nexttry <= $now;
    }

    /**
     * kurasync received something.
     *
     * @param int $now unix time
     */
    public static function succeeded(int $now): void {
        set_config('lastdelivery', $now, 'local_kurasync');
        self::hurry();
    }

    /**
     * Nothing was received: wait longer each time, at random within a quarter, and at least as long as kurasync asks.
     *
     * @param string $error in words
     * @param int $retryafter seconds that kurasync asks for; 0: none
     * @param int $now unix time
     */
    public static function failed(string $error, int $retryafter, int $now): void {
        $failures = self::get()->failures + 1;
        $wait = (int) min(self::LONGEST_WAIT, self::FIRST_WAIT * 2 ** min($failures - 1, 10));
        $wait = max(random_int(intdiv(3 * $wait, 4), $wait), min($retryafter, self::LONGEST_RETRY_AFTER));
        set_config('failures', $failures, 'local_kurasync');
        set_config('nexttry', $now + $wait, 'local_kurasync');
        set_config('lasterror', \core_text::substr($error, 0, 1000), 'local_kurasync');
        set_config('lasterrortime', $now, 'local_kurasync');
    }

    /**
     * Let the next delivery be tried at once.
     */
    public static function hurry(): void {
        if (self::get()->failures) {
            set_config('failures', 0, 'local_kurasync');
            set_config('nexttry', 0, 'local_kurasync');
        }
    }

    /**
     * Count events that became too old.
     *
     * @param int $rows
     */
    public static function count_dropped(int $rows): void {
        if ($rows) {
            set_config('dropped', self::get()->dropped + $rows, 'local_kurasync');
        }
    }

    /**
     * Forget all of it.
     */
    public static function clear(): void {
        foreach (array_keys(self::EMPTY) as $name) {
            unset_config($name, 'local_kurasync');
        }
    }
}
