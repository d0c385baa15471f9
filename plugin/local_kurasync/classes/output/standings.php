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

namespace local_kurasync\output;

use core\url;
use local_kurasync\words;

/**
 * Standings of students and grades in words and colours; never in colours alone.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class standings {
    /** Bootstrap's colours; everything else is grey. */
    private const COLOURS = [
        'in_step' => 'success',
        'invited' => 'info',
        'waiting' => 'warning',
        'conflict' => 'danger',
        'refused' => 'danger',
        'doubtful' => 'danger',
    ];

    /** Those on which black is read better than white. */
    private const BRIGHT = ['secondary', 'warning'];

    /**
     * A standing as a badge.
     *
     * @param string $about standing or gradestanding
     * @param string $slug
     * @return array label and colour
     */
    public static function badge(string $about, string $slug): array {
        $colour = self::COLOURS[$slug] ?? 'secondary';
        $text = in_array($colour, self::BRIGHT, true) ? 'dark' : 'white';
        return ['label' => words::of($about, $slug), 'colour' => "bg-$colour text-$text"];
    }

    /**
     * How many of each.
     *
     * @param string $about standing or gradestanding
     * @param int[] $counts by slug
     * @return array[] badges with a number
     */
    public static function counted(string $about, array $counts): array {
        return array_map(
            fn(array $each): array => self::badge($about, $each['slug']) + ['number' => $each['number']],
            words::counted($about, $counts)
        );
    }

    /**
     * The page of somebody in the course.
     *
     * @param int|null $userid null: nobody in Moodle
     * @param int $courseid
     * @return string|null
     */
    public static function profile(?int $userid, int $courseid): ?string {
        return $userid === null ? null : (new url('/user/view.php', ['id' => $userid, 'course' => $courseid]))->out(false);
    }
}
