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

use core_cache\cache;

/**
 * How a course stands, in a few numbers, for pages that are about something else.
 *
 * Such a page must not wait for kurasync: what it said is good for a minute, and so is that it said nothing, for all courses.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class glance {
    /** Seconds to wait for kurasync at most, once a minute. */
    private const SECONDS = 2;

    /** Where it is kept that kurasync did not answer. */
    private const SILENT = 'silent';

    /** What it said of the course, and why not. */
    private const KEPT = ['mapped', 'name', 'obstacle', 'obstaclereason', 'lastinstep', 'waiting', 'refused'];

    /**
     * How a course stands.
     *
     * @param int $courseid
     * @return array by KEPT; empty: nobody knows just now
     */
    public static function of(int $courseid): array {
        $cache = cache::make('local_kurasync', 'glance');
        $known = $cache->get($courseid);
        if ($known !== false) {
            return $known;
        }
        if ($cache->get(self::SILENT)) {
            return [];
        }
        try {
            $known = self::kept(course_client::of_course($courseid)->ask('status', [], self::SECONDS));
        } catch (refusal $refusal) {
            if ($refusal->passes) {
                $cache->set(self::SILENT, 1);
                return [];
            }
            $known = ['refused' => $refusal->in_words()] + array_fill_keys(self::KEPT, null);
        }
        $cache->set($courseid, $known);
        return $known;
    }

    /**
     * Forget how a course stands: somebody is changing it.
     *
     * @param int $courseid
     */
    public static function forget(int $courseid): void {
        cache::make('local_kurasync', 'glance')->delete($courseid);
    }

    /**
     * What is kept of an answer: no names.
     *
     * @param array $status
     * @return array by KEPT
     */
    private static function kept(array $status): array {
        $mapping = $status['mapping'] ?? [];
        return [
            'mapped' => (bool) $mapping,
            'name' => $mapping['kura_course_name'] ?? null,
            'obstacle' => $mapping['obstacle'] ?? null,
            'obstaclereason' => $mapping['obstacle_reason'] ?? null,
            'lastinstep' => $mapping['last_in_step'] ?? null,
            'waiting' => array_column(
                array_filter($status['holds'], fn(array $hold): bool => $hold['state'] === 'open'),
                'kind'
            ),
            'refused' => null,
        ];
    }
}
