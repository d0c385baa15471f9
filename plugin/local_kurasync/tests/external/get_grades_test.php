<?php
// This file is part of Moodle - http://moodle.org/
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
// along with Moodle.  If not, see <http://www.gnu.org/licenses/>.

namespace local_kurasync\external;

use grade_grade;
use grade_item;
use local_kurasync\tests\service_testcase;

/**
 * Our columns are read whole, and nobody else's.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\external\get_grades
 * @covers     \local_kurasync\column
 * @covers     \local_kurasync\roster
 */
final class get_grades_test extends service_testcase {
    /**
     * Make a grade item.
     *
     * @param array $fields
     * @return grade_item
     */
    private function item(array $fields = []): grade_item {
        $item = new grade_item($fields + [
            'courseid' => $this->course->id,
            'itemtype' => 'manual',
            'itemmodule' => 'kuracloud',
            'iteminstance' => 12,
            'itemnumber' => 34,
            'itemname' => 'Heart rev kuraID: 12-34',
            'grademax' => 10,
        ], false);
        $item->insert();
        return $item;
    }

    public function test_it_gives_columns_grades_and_who_wrote_them(): void {
        global $USER;
        [$graded, $cleared] = [$this->student(), $this->student()];
        $item = $this->item();
        $item->update_final_grade($graded->id, 7.5);
        $item->update_final_grade($cleared->id, null);
        $this->assertSame([
            'missing' => [],
            'userid' => (int) $USER->id,
            'students' => [(int) $graded->id, (int) $cleared->id],
            'items' => [[
                'id' => (int) $item->id,
                'lessonid' => 12,
                'revisionid' => 34,
                'name' => 'Heart rev kuraID: 12-34',
                'maximum' => 10.0,
                'locked' => false,
                'grades' => [
                    ['userid' => (int) $graded->id, 'grade' => 7.5, 'locked' => false, 'modifier' => (int) $USER->id],
                    ['userid' => (int) $cleared->id, 'grade' => null, 'locked' => false, 'modifier' => (int) $USER->id],
                ],
            ]],
        ], $this->call('get_grades'));
    }

    public function test_a_grade_that_nobody_wrote_has_no_modifier(): void {
        global $DB;
        $student = $this->student();
        $this->item()->update_final_grade($student->id, 1);
        $DB->set_field('grade_grades', 'usermodified', null, ['userid' => $student->id]);
        $this->assertNull($this->call('get_grades')['items'][0]['grades'][0]['modifier']);
    }

    public function test_only_our_columns_of_this_course_are_given_in_order(): void {
        $this->item(['itemmodule' => null, 'iteminstance' => null, 'itemnumber' => 0, 'itemname' => "A teacher's"]);
        $this->item(['courseid' => $this->getDataGenerator()->create_course()->id]);
        $this->item(['iteminstance' => 99]);
        $this->item(['iteminstance' => 5]);
        $this->assertSame([99, 5], array_column($this->call('get_grades')['items'], 'lessonid'));
    }

    /**
     * Ways in which a column cannot be written.
     *
     * @return array[]
     */
    public static function closed_columns(): array {
        return [
            'open' => [['locked' => 0], false],
            'locked' => [['locked' => 1000], true],
            'its time to be locked is over' => [['locktime' => 1000], true],
            'its time to be locked is to come' => [['locktime' => 9999999999], false],
            'a formula' => [['calculation' => '=1+1'], true],
            'text only' => [['gradetype' => 3], true],
        ];
    }

    /**
     * A column that cannot be written is told to be locked, with all its grades.
     *
     * @dataProvider closed_columns
     * @param array $fields of the grade item
     * @param bool $islocked
     */
    public function test_a_column_is_locked_or_not(array $fields, bool $islocked): void {
        global $DB;
        $student = $this->student();
        $item = $this->item();
        $item->update_final_grade($student->id, 1);
        $DB->update_record('grade_items', ['id' => $item->id] + $fields);
        $column = $this->call('get_grades')['items'][0];
        $this->assertSame([$islocked, $islocked], [$column['locked'], $column['grades'][0]['locked']]);
    }

    /**
     * Ways in which a grade is locked.
     *
     * @return array[]
     */
    public static function locked_grades(): array {
        return ['locked' => [['locked' => 1000]], 'its time is over' => [['locktime' => 1000]]];
    }

    /**
     * A locked grade is told, the column being open.
     *
     * @dataProvider locked_grades
     * @param array $fields of the grade
     */
    public function test_a_locked_grade_is_told(array $fields): void {
        global $DB;
        [$one, $two] = [$this->student(), $this->student()];
        $item = $this->item();
        $item->update_final_grade($one->id, 1);
        $item->update_final_grade($two->id, 1);
        $grade = grade_grade::fetch(['itemid' => $item->id, 'userid' => $two->id]);
        $DB->update_record('grade_grades', ['id' => $grade->id] + $fields);
        $column = $this->call('get_grades')['items'][0];
        $this->assertFalse($column['locked']);
        $this->assertSame([false, true], array_column($column['grades'], 'locked'));
    }

    public function test_students_are_those_with_a_graded_role_and_an_active_enrolment(): void {
        $generator = $this->getDataGenerator();
        $student = $this->student();
        $generator->create_and_enrol($this->course, 'editingteacher');
        $generator->create_and_enrol($this->course, 'student', [], 'manual', 0, 0, ENROL_USER_SUSPENDED);
        $generator->create_and_enrol($this->course, 'student', [], 'manual', time() + HOURSECS);
        $inherited = $this->enrolled_without_role();
        $generator->role_assign('student', $inherited->id, \context_coursecat::instance($this->course->category)->id);
        $this->assertSame([(int) $student->id, (int) $inherited->id], $this->call('get_grades')['students']);
    }

    public function test_without_graded_roles_there_are_no_students(): void {
        $this->student();
        set_config('gradebookroles', '');
        $this->assertSame([], $this->call('get_grades')['students']);
    }

    public function test_a_missing_capability_is_named_and_nothing_shown(): void {
        $this->item();
        $this->student();
        $user = $this->become_service_user(['moodle/grade:viewall']);
        $this->assertSame(
            ['missing' => ['moodle/grade:viewall'], 'userid' => (int) $user->id, 'students' => [], 'items' => []],
            $this->call('get_grades'),
        );
    }

    public function test_a_missing_course_is_refused(): void {
        $this->assertSame('invalidrecord', $this->refusal('get_grades', ['courseid' => 987654]));
    }
}
