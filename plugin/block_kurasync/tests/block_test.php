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

namespace block_kurasync;

use local_kurasync\connection;
use local_kurasync\course_door;
use local_kurasync\webhook;

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->dirroot . '/local/kurasync/tests/fixtures/course_door.php');

/**
 * The block shows teachers how their course stands, and students nothing.
 *
 * @package    block_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \block_kurasync
 * @covers     \block_kurasync\output\glance
 */
final class block_test extends \advanced_testcase {
    /** @var \stdClass */
    private \stdClass $course;

    #[\Override]
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        connection::set_up('https://kurasync.example.edu/events/uni', webhook::new_secret());
        $this->course = $this->getDataGenerator()->create_course();
    }

    /**
     * What somebody sees in it.
     *
     * @param string $role
     * @param array $status kurasync's answer
     * @return string
     */
    private function seen(string $role, array $status): string {
        course_door::stand_in(['status' => $status]);
        $this->setUser($this->getDataGenerator()->create_and_enrol($this->course, $role));
        $page = new \moodle_page();
        $page->set_course($this->course);
        $block = block_instance('kurasync');
        $block->page = $page;
        return $block->get_content()->text;
    }

    public function test_a_teacher_sees_how_the_course_stands_and_what_waits(): void {
        $holds = [course_door::hold(), course_door::hold('grades')];
        $html = $this->seen('editingteacher', course_door::status(['obstacle' => 'Paused.'], ['holds' => $holds]));
        $this->assertStringContainsString('Physiology &lt;b&gt;1&lt;/b&gt;', $html);
        $this->assertStringContainsString('Paused.', $html);
        $this->assertStringContainsString('view=hold&amp;kind=roster', $html);
        $this->assertStringContainsString('view=hold&amp;kind=grades', $html);
        $this->assertStringContainsString("/local/kurasync/course.php?courseid={$this->course->id}", $html);
    }

    public function test_a_teacher_of_a_course_without_mapping_is_shown_the_way(): void {
        $html = $this->seen('editingteacher', ['mapping' => null, 'holds' => []]);
        $this->assertStringContainsString(get_string('setup', 'block_kurasync'), $html);
    }

    public function test_students_see_nothing_and_ask_nothing(): void {
        $this->assertSame('', $this->seen('student', course_door::status()));
        $this->assertSame([], \core\di::get(\local_kurasync\transport::class)->requests);
    }

    public function test_there_is_nothing_before_the_site_is_connected(): void {
        connection::forget();
        $this->assertSame('', $this->seen('editingteacher', course_door::status()));
    }
}
