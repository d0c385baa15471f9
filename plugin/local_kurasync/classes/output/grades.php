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

use core\output\renderer_base;

/**
 * Where each grade of kuraCloud's is and why.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class grades extends listing {
    #[\Override]
    public function export_for_template(renderer_base $output): array {
        $titles = [];
        foreach ($this->found['columns'] as $column) {
            $titles["{$column['lesson']}-{$column['revision']}"] = $column['title'];
        }
        return $this->frame('grades', 'gradestanding') + [
            'columns' => array_map(fn(array $column): array => [
                'title' => $column['title'],
                'badge' => standings::badge('gradestanding', $column['standing']),
                'message' => $column['message'],
            ], $this->found['columns']),
            'anycolumns' => (bool) $this->found['columns'],
            'cells' => array_map(fn(array $cell): array => $this->person($cell, 'gradestanding') + [
                'column' => $titles["{$cell['lesson']}-{$cell['revision']}"] ?? '',
                'value' => self::points($cell['value']),
                'shown' => self::points($cell['shown']),
            ], $this->found['cells']),
            'anycells' => (bool) $this->found['cells'],
        ];
    }

    /**
     * A grade as people write it here.
     *
     * @param float|int|null $value
     * @return string
     */
    private static function points(float|int|null $value): string {
        return $value === null ? '-' : format_float((float) $value, 5, true, true);
    }
}
