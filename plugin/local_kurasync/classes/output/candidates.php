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
 * The kuraCloud courses that a course can be connected with.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class candidates extends view {
    /**
     * Constructor.
     *
     * @param url $page the course page
     * @param string $search what they were searched by
     * @param array $found kurasync's answer
     */
    public function __construct(
        /** @var url the course page */
        private readonly url $page,
        /** @var string what they were searched by */
        private readonly string $search,
        /** @var array kurasync's answer */
        private readonly array $found,
    ) {
    }

    #[\Override]
    public function export_for_template(renderer_base $output): array {
        $courses = array_map(fn(array $course): array => $course + [
            'chooseurl' => $this->choice($course),
            'chooselabel' => get_string('course_choose_this', 'local_kurasync', $course['name']),
        ], $this->found['courses']);
        return [
            'search' => [
                'action' => $this->page->out_omit_querystring(),
                'inputname' => 'search',
                'searchstring' => get_string('course_search', 'local_kurasync'),
                'query' => $this->search,
                'hiddenfields' => [['name' => 'courseid', 'value' => $this->page->get_param('courseid')]],
            ],
            'searched' => $this->search !== '',
            'courses' => $courses,
            'any' => (bool) $courses,
            'more' => !empty($this->found['more']),
            'silent' => array_map(
                fn(string $instance): string => get_string('course_silent', 'local_kurasync', $instance),
                $this->found['silent']
            ),
        ];
    }

    /**
     * Where a course is chosen.
     *
     * @param array $course
     * @return string
     */
    private function choice(array $course): string {
        $given = ['view' => 'chosen', 'instance' => $course['instance'], 'course' => $course['course'], 'name' => $course['name']];
        return (new url($this->page, $given))->out(false);
    }
}
