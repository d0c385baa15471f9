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
 * A list of standings, page after page.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
abstract class listing extends view {
    /**
     * Constructor.
     *
     * @param url $page the course page
     * @param array $found kurasync's answer
     */
    public function __construct(
        /** @var url the course page */
        protected readonly url $page,
        /** @var array kurasync's answer */
        protected readonly array $found,
    ) {
    }

    /**
     * What every such list has.
     *
     * @param string $view the list's name
     * @param string $about standing or gradestanding
     * @return array
     */
    protected function frame(string $view, string $about): array {
        $next = $this->found['next'];
        return [
            'readat' => words::moment($this->found['read_at']),
            'looking' => !empty($this->found['looking']),
            'counts' => standings::counted($about, $this->found['counts'] ?? []),
            'backurl' => $this->page->out(false),
            'nexturl' => $next === null ? null : (new url($this->page, ['view' => $view, 'after' => $next]))->out(false),
        ];
    }

    /**
     * One line: a person and how it stands.
     *
     * @param array $each
     * @param string $about standing or gradestanding
     * @return array
     */
    protected function person(array $each, string $about): array {
        return [
            'name' => $each['name'],
            'profileurl' => standings::profile($each['userid'], (int) $this->page->get_param('courseid')),
            'badge' => standings::badge($about, $each['standing']),
            'message' => $each['message'],
        ];
    }
}
