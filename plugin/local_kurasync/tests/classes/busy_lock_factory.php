<?php
// This file is part of Moodle - http://moodle.org/
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
// along with Moodle.  If not, see <http://www.gnu.org/licenses/>.

namespace local_kurasync\tests;

use core\lock\lock;
use core\lock\lock_factory;

/**
 * Locks that somebody else always holds.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class busy_lock_factory implements lock_factory {
    /**
     * Locks of any kind.
     *
     * @param string $type
     */
    public function __construct($type) {
    }

    #[\Override]
    public function supports_timeout() {
        return true;
    }

    #[\Override]
    public function supports_auto_release() {
        return true;
    }

    #[\Override]
    public function is_available() {
        return true;
    }

    #[\Override]
    public function get_lock($resource, $timeout, $maxlifetime = 86400) {
        return false;
    }

    #[\Override]
    public function release_lock(lock $lock) {
        return false;
    }
}
