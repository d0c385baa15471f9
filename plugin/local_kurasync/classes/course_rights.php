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

use core\context\course;

/**
 * What somebody may do with kuraCloud in a course.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class course_rights {
    /**
     * Constructor.
     *
     * @param bool $map
     * @param bool $syncusers
     * @param bool $syncgrades
     */
    public function __construct(
        /** @var bool set the mapping up and remove it */
        public readonly bool $map,
        /** @var bool see and bring in step the students */
        public readonly bool $syncusers,
        /** @var bool see and bring in step the grades */
        public readonly bool $syncgrades,
    ) {
    }

    /**
     * What whoever is logged in may do.
     *
     * @param course $context
     * @return self
     */
    public static function in(course $context): self {
        return new self(
            has_capability('local/kurasync:map', $context),
            has_capability('local/kurasync:syncusers', $context),
            has_capability('local/kurasync:syncgrades', $context),
        );
    }

    /**
     * Whether there is anything to see at all.
     *
     * @return bool
     */
    public function any(): bool {
        return $this->map || $this->syncusers || $this->syncgrades;
    }

    /**
     * Whether this kind of run may be seen and asked for.
     *
     * @param string $kind roster or grades
     * @return bool
     */
    public function may_sync(string $kind): bool {
        return $kind === 'grades' ? $this->syncgrades : $kind === 'roster' && $this->syncusers;
    }
}
