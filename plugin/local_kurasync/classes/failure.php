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
 * Where a failure goes that must not reach the page on which it happened.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class failure {
    /**
     * Write one line into PHP's error log. The message of an exception may hold personal data: only its class and place go in.
     *
     * @param string $what what went wrong, in words
     * @param \Throwable $e
     */
    public static function note(string $what, \Throwable $e): void {
        $place = basename($e->getFile()) . ':' . $e->getLine();
        // phpcs:ignore moodle.PHP.ForbiddenFunctions.FoundWithAlternative
        error_log("local_kurasync: $what (" . get_class($e) . " at $place)");
    }
}
