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
use core\url;

/**
 * The question before a mapping is removed.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class removal extends view {
    /**
     * Constructor.
     *
     * @param url $page the course page
     * @param array $mapping as kurasync tells it
     */
    public function __construct(
        /** @var url the course page */
        private readonly url $page,
        /** @var array as kurasync tells it */
        private readonly array $mapping,
    ) {
    }

    #[\Override]
    public function export_for_template(renderer_base $output): array {
        $given = ['act' => 'unmap', 'mapping' => $this->mapping['id']];
        return [
            'title' => get_string('removal_title', 'local_kurasync', $this->mapping['kura_course_name']),
            'backurl' => $this->page->out(false),
            'remove' => self::button($output, $this->page, $given, get_string('course_remove', 'local_kurasync')),
        ];
    }
}
