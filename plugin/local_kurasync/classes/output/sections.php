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

use local_kurasync\words;

/**
 * The parts of a plan as tables.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class sections {
    /** In which order the parts come. */
    private const PARTS = ['go', 'held', 'other'];

    /**
     * All parts that are not empty.
     *
     * @param array[] $sections as kurasync tells them
     * @return array[] for the template sections
     */
    public static function export(array $sections): array {
        $parts = [];
        foreach (self::PARTS as $part) {
            $own = array_filter($sections, fn(array $section): bool => $section['part'] === $part && $section['rows']);
            if ($own) {
                $title = get_string("plan_part_$part", 'local_kurasync');
                $parts[] = ['part' => $title, 'sections' => array_map(self::section(...), array_values($own))];
            }
        }
        return $parts;
    }

    /**
     * One section as a table.
     *
     * @param array $section
     * @return array
     */
    private static function section(array $section): array {
        $titles = array_filter(
            $section['titles'],
            fn(string $name): bool => implode('', array_column($section['rows'], $name)) !== '',
            ARRAY_FILTER_USE_KEY
        );
        $heads = array_map(fn(string $name): string => words::of('column', $name, $titles[$name]), array_keys($titles));
        return [
            'title' => words::of('planned', $section['action'], $section['title']),
            'remark' => $section['remark'],
            'heads' => $heads,
            'rows' => array_map(
                fn(array $row): array => ['cells' => self::cells($row, array_keys($titles), $heads)],
                $section['rows']
            ),
            'count' => count($section['rows']) + $section['more'],
            'more' => $section['more'],
        ];
    }

    /**
     * The cells of a row.
     *
     * @param array $row by column
     * @param string[] $names of the columns
     * @param string[] $heads of the columns, in words
     * @return array[]
     */
    private static function cells(array $row, array $names, array $heads): array {
        return array_map(fn(string $name, string $head): array => [
            'head' => $head,
            'value' => str_replace(' -> ', ' → ', (string) ($row[$name] ?? '')),
        ], $names, $heads);
    }
}
