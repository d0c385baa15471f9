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

use local_kurasync\tests\course_testcase;

/**
 * The way to the course page is there for who may use it.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @coversNothing
 */
final class course_navigation_test extends course_testcase {
    /**
     * Whether somebody has the entry.
     *
     * @param \stdClass $user
     * @return bool
     */
    private function sees(\stdClass $user): bool {
        global $CFG;
        require_once($CFG->dirroot . '/local/kurasync/lib.php');
        $this->setUser($user);
        $navigation = new \navigation_node(['text' => 'Course', 'type' => \navigation_node::TYPE_COURSE]);
        local_kurasync_extend_navigation_course($navigation, $this->course, $this->context);
        return (bool) $navigation->get('local_kurasync');
    }

    public function test_teachers_have_it_and_students_and_strangers_do_not(): void {
        $this->assertTrue($this->sees($this->teacher));
        $this->assertTrue($this->sees(get_admin()));
        $this->assertFalse($this->sees($this->getDataGenerator()->create_and_enrol($this->course, 'student')));
        $this->assertFalse($this->sees($this->getDataGenerator()->create_and_enrol($this->course, 'teacher')));
        $elsewhere = $this->getDataGenerator()->create_course();
        $this->assertFalse($this->sees($this->getDataGenerator()->create_and_enrol($elsewhere, 'editingteacher')));
    }

    public function test_one_right_is_enough(): void {
        $role = $this->getDataGenerator()->create_role();
        assign_capability('local/kurasync:syncgrades', CAP_ALLOW, $role, $this->context->id);
        $grader = $this->getDataGenerator()->create_user();
        role_assign($role, $grader->id, $this->context->id);
        $this->assertTrue($this->sees($grader));
    }

    public function test_nobody_has_it_before_the_site_is_connected(): void {
        connection::forget();
        $this->assertFalse($this->sees($this->teacher));
    }
}
