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
 * The kuraCloud course that was chosen, and what it means to connect it.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class chosen extends view {
    /**
     * Constructor.
     *
     * @param url $page the course page
     * @param string $instance kurasync's name for the kuraCloud instance
     * @param int $course the kuraCloud course's number
     * @param string $name of that course, for people
     */
    public function __construct(
        /** @var url the course page */
        private readonly url $page,
        /** @var string kurasync's name for the kuraCloud instance */
        private readonly string $instance,
        /** @var int the kuraCloud course's number */
        private readonly int $course,
        /** @var string of that course, for people */
        private readonly string $name,
    ) {
    }

    #[\Override]
    public function export_for_template(renderer_base $output): array {
        $given = ['act' => 'map', 'instance' => $this->instance, 'course' => $this->course];
        return [
            'title' => get_string('chosen_title', 'local_kurasync', $this->name),
            'number' => $this->course,
            'backurl' => $this->page->out(false),
            'map' => self::button($output, $this->page, $given, get_string('course_map', 'local_kurasync'), true),
        ];
    }
}
