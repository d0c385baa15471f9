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
use local_kurasync\words;

/**
 * What waits for a person, and why.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class hold extends view {
    /**
     * Constructor.
     *
     * @param url $page the course page
     * @param array $hold as kurasync tells it
     */
    public function __construct(
        /** @var url the course page */
        private readonly url $page,
        /** @var array as kurasync tells it */
        private readonly array $hold,
    ) {
    }

    #[\Override]
    public function export_for_template(renderer_base $output): array {
        $open = $this->hold['state'] === 'open';
        return [
            'about' => words::of('kind', $this->hold['kind']),
            'since' => words::moment($this->hold['since']),
            'state' => words::of('holdstate', $this->hold['state']),
            'open' => $open,
            'parts' => sections::export($this->hold['sections']),
            'buttons' => $open ? [$this->decision($output, 'approve', true), $this->decision($output, 'reject')] : [],
            'backurl' => $this->page->out(false),
        ];
    }

    /**
     * A button that decides.
     *
     * @param renderer_base $output
     * @param string $act approve or reject
     * @param bool $primary
     * @return \stdClass
     */
    private function decision(renderer_base $output, string $act, bool $primary = false): \stdClass {
        $given = ['act' => $act, 'kind' => $this->hold['kind'], 'digest' => $this->hold['digest']];
        return self::button($output, $this->page, $given, get_string("hold_$act", 'local_kurasync'), $primary);
    }
}
