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
 * What the plugin itself reports.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\event\grades_requested
 * @covers     \local_kurasync\event\course_deletion_started
 * @covers     \local_kurasync\event\user_erased
 * @covers     \local_kurasync\event\test_sent
 * @covers     \local_kurasync\event\connection_changed
 */
final class events_test extends \advanced_testcase {
    #[\Override]
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->setAdminUser();
    }

    public function test_a_request_for_grades_names_the_course_and_who_asked(): void {
        $course = $this->getDataGenerator()->create_course();
        $event = event\grades_requested::of((int) $course->id);
        $this->assertSame('\local_kurasync\event\grades_requested', $event->eventname);
        $this->assertEquals($course->id, $event->courseid);
        $this->assertEquals(get_admin()->id, $event->userid);
        $this->assertStringContainsString("'$course->id'", $event->get_description());
        $this->assertStringContainsString("courseid=$course->id", $event->get_url()->out());
    }

    public function test_every_event_has_a_name_and_a_description(): void {
        $course = $this->getDataGenerator()->create_course();
        $events = [
            event\grades_requested::of((int) $course->id),
            event\course_deletion_started::of((int) $course->id),
            event\user_erased::of(7),
            event\test_sent::create(),
            event\connection_changed::of('adopt'),
        ];
        foreach ($events as $event) {
            $event->trigger();
            $this->assertNotSame('', $event->get_name());
            $this->assertStringNotContainsString('[[', $event->get_name());
            $this->assertStringContainsString("'", $event->get_description());
        }
        $this->assertDebuggingNotCalled();
    }

    public function test_only_known_changes_are_logged(): void {
        $this->expectException(\coding_exception::class);
        event\connection_changed::of('else');
    }

    public function test_teachers_find_the_request_in_their_course_and_students_do_not(): void {
        global $CFG, $PAGE;
        require_once($CFG->dirroot . '/local/kurasync/lib.php');
        connection::set_up('https://kurasync.example.edu/events/uni', webhook::new_secret());
        $course = $this->getDataGenerator()->create_course();
        $context = \core\context\course::instance($course->id);
        $PAGE->set_url('/course/view.php', ['id' => $course->id]);
        $found = [];
        foreach (['editingteacher', 'teacher', 'student'] as $role) {
            $this->setUser($this->getDataGenerator()->create_and_enrol($course, $role));
            $node = \navigation_node::create('Course');
            local_kurasync_extend_navigation_course($node, $course, $context);
            $found[$role] = (bool) $node->get('local_kurasync');
        }
        $this->assertSame(['editingteacher' => true, 'teacher' => false, 'student' => false], $found);
    }
}
