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

use block_kurasync\output\glance;
use local_kurasync\connection;
use local_kurasync\course_rights;

/**
 * How the course and its kuraCloud course stand, at a glance, with the way to the page; for who teaches it.
 *
 * @package    block_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class block_kurasync extends block_base {
    /**
     * Its title.
     */
    public function init(): void {
        $this->title = get_string('pluginname', 'block_kurasync');
    }

    #[\Override]
    public function applicable_formats(): array {
        return ['all' => false, 'course-view' => true, 'site-index' => false];
    }

    #[\Override]
    public function get_content(): \stdClass {
        if ($this->content === null) {
            $this->content = (object) ['text' => $this->text(), 'footer' => ''];
        }
        return $this->content;
    }

    /**
     * What it shows; a block without text is not shown to those who may not move it.
     *
     * @return string
     */
    private function text(): string {
        $course = $this->page->course;
        if ((int) $course->id === SITEID || !connection::is_set_up()) {
            return '';
        }
        $rights = course_rights::in(\core\context\course::instance($course->id));
        return $rights->any() ? $this->page->get_renderer('core')->render(new glance((int) $course->id, $rights)) : '';
    }
}
