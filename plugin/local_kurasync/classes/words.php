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
 * Words for what kurasync says: its slugs in Moodle's language, its moments in the reader's zone.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class words {
    /**
     * A slug in words.
     *
     * @param string $about what the slug is one of: the beginning of the string's name
     * @param string $slug
     * @param string|null $fallback what to say where there is no string; null: the slug itself
     * @return string plain text
     */
    public static function of(string $about, string $slug, ?string $fallback = null): string {
        $name = "{$about}_$slug";
        return get_string_manager()->string_exists($name, 'local_kurasync')
            ? get_string($name, 'local_kurasync')
            : $fallback ?? str_replace('_', ' ', $slug);
    }

    /**
     * A moment for the reader.
     *
     * @param string|null $moment RFC 3339; null: never
     * @return string|null
     */
    public static function moment(?string $moment): ?string {
        $when = $moment === null ? false : strtotime($moment);
        return $when === false ? null : userdate($when, get_string('strftimedatetimeshort', 'langconfig'));
    }

    /**
     * Things counted by slug, each in words: those of which there are none are left out.
     *
     * @param string $about as in `of`
     * @param int[] $counts by slug
     * @return array[] each a slug, a label and a number
     */
    public static function counted(string $about, array $counts): array {
        $counted = [];
        foreach (array_filter($counts) as $slug => $number) {
            $counted[] = ['slug' => $slug, 'label' => self::of($about, $slug), 'number' => $number];
        }
        return $counted;
    }
}
