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

use grade_category;
use grade_grade;
use grade_item;
use local_kurasync\tests\service_testcase;

/**
 * Grades are written where they may be, and of each it is told what happened.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\external\save_grades
 * @covers     \local_kurasync\gradebook
 * @covers     \local_kurasync\column
 */
final class save_grades_test extends service_testcase {
    /** Name and maximum of a column. */
    private const HEART = ['name' => 'Heart rev kuraID: 12-34', 'maximum' => 10];

    /**
     * Save one column.
     *
     * @param array $fields name and maximum, or none
     * @param array $grades
     * @return array the answer
     */
    private function save(array $fields, array $grades = []): array {
        return $this->call('save_grades', [
            'items' => [['lessonid' => 12, 'revisionid' => 34, 'grades' => $grades] + $fields],
        ]);
    }

    /**
     * What happened to the column.
     *
     * @param array $fields name and maximum, or none
     * @return string
     */
    private function outcome(array $fields): string {
        return $this->save($fields)['items'][0]['outcome'];
    }

    /**
     * What happened to one grade.
     *
     * @param int $userid
     * @param float|null $grade
     * @param float|null $previous
     * @return string
     */
    private function grade(int $userid, ?float $grade, ?float $previous = null): string {
        $sent = array_filter(['grade' => $grade, 'previous' => $previous], fn(?float $value): bool => $value !== null);
        return $this->save([], [['userid' => $userid] + $sent])['items'][0]['grades'][0]['outcome'];
    }

    /**
     * The grade item as it is now.
     *
     * @return grade_item
     */
    private function item(): grade_item {
        return grade_item::fetch(['courseid' => $this->course->id, 'itemmodule' => 'kuracloud', 'iteminstance' => 12]);
    }

    /**
     * A student's grade as it is now.
     *
     * @param int $userid
     * @return string|null as the database has it
     */
    private function stored(int $userid): ?string {
        return grade_grade::fetch(['itemid' => $this->item()->id, 'userid' => $userid])->finalgrade;
    }

    public function test_a_new_column_is_made_with_its_grades(): void {
        $student = $this->student();
        $this->assertSame([
            'missing' => [],
            'counts' => ['items' => 1, 'grades' => 1],
            'items' => [[
                'lessonid' => 12,
                'revisionid' => 34,
                'outcome' => 'created',
                'grades' => [['userid' => (int) $student->id, 'outcome' => 'written']],
            ]],
        ], $this->save(self::HEART, [['userid' => $student->id, 'grade' => 7.5]]));
        $item = $this->item();
        $this->assertSame(['manual', 'kuracloud', 12, 34, 'Heart rev kuraID: 12-34', '12-34', 10.0, 0.0], [
            $item->itemtype,
            $item->itemmodule,
            (int) $item->iteminstance,
            (int) $item->itemnumber,
            $item->itemname,
            $item->idnumber,
            (float) $item->grademax,
            (float) $item->grademin,
        ]);
        $this->assertEquals(GRADE_TYPE_VALUE, $item->gradetype);
        $this->assertSame('7.50000', $this->stored($student->id));
    }

    public function test_the_course_total_is_right_at_once(): void {
        $student = $this->student();
        $this->save(self::HEART, [['userid' => $student->id, 'grade' => 7.5]]);
        $total = grade_item::fetch_course_item($this->course->id);
        $this->assertEmpty(grade_needs_regrade_final_grades($this->course->id));
        $this->assertEquals(7.5, $total->get_final($student->id)->finalgrade);
        $this->grade($student->id, 2.25, 7.5);
        $this->assertEquals(2.25, $total->get_final($student->id)->finalgrade);
        $this->save(['maximum' => 20]);
        $this->assertEmpty(grade_needs_regrade_final_grades($this->course->id));
        $this->assertEquals(20, grade_item::fetch_course_item($this->course->id)->grademax);
    }

    public function test_the_history_says_who_it_was(): void {
        global $DB;
        $student = $this->student();
        $this->save(self::HEART, [['userid' => $student->id, 'grade' => 7.5]]);
        $sources = $DB->get_fieldset('grade_grades_history', 'source', ['itemid' => $this->item()->id, 'userid' => $student->id]);
        $this->assertSame('local_kurasync', $sources[0]);
    }

    public function test_a_column_without_name_or_maximum_is_not_made(): void {
        $student = $this->student();
        foreach ([[], ['name' => 'Heart'], ['maximum' => 10]] as $fields) {
            $item = $this->save($fields, [['userid' => $student->id, 'grade' => 1]])['items'][0];
            $this->assertSame(['absent', []], [$item['outcome'], $item['grades']]);
        }
        $this->assertFalse(grade_item::fetch(['courseid' => $this->course->id, 'itemmodule' => 'kuracloud']));
    }

    public function test_name_and_maximum_change_and_what_is_absent_stays(): void {
        $this->save(self::HEART);
        $this->assertSame('unchanged', $this->outcome(self::HEART));
        $this->assertSame('unchanged', $this->outcome([]));
        $this->assertSame('updated', $this->outcome(['name' => 'Heart and lung']));
        $this->assertEquals(['Heart and lung', 10], [$this->item()->itemname, $this->item()->grademax]);
        $this->assertSame('updated', $this->outcome(['maximum' => 12.5]));
        $this->assertEquals(['Heart and lung', 12.5], [$this->item()->itemname, $this->item()->grademax]);
    }

    public function test_a_change_of_the_maximum_leaves_grades_as_they_are(): void {
        $student = $this->student();
        $this->save(self::HEART, [['userid' => $student->id, 'grade' => 7.5]]);
        foreach ([20, 5] as $maximum) {
            $this->save(['maximum' => $maximum]);
            $this->assertSame('7.50000', $this->stored($student->id));
        }
    }

    public function test_place_weight_visibility_and_idnumber_stay_the_teachers(): void {
        $this->save(self::HEART);
        $category = new grade_category(['courseid' => $this->course->id, 'fullname' => 'Labs'], false);
        $category->insert();
        $item = $this->item();
        $item->set_parent($category->id);
        $item->set_hidden(1);
        $item = $this->item();
        $item->idnumber = 'mine';
        $item->aggregationcoef2 = 1;
        $item->weightoverride = 1;
        $item->update();
        $teachers = ['categoryid', 'hidden', 'idnumber', 'aggregationcoef2', 'weightoverride', 'sortorder'];
        $before = array_intersect_key((array) $this->item(), array_flip($teachers));
        $this->save(['name' => 'Lung', 'maximum' => 20]);
        $this->assertSame($before, array_intersect_key((array) $this->item(), array_flip($teachers)));
        $this->assertSame('Lung', $this->item()->itemname);
    }

    /**
     * Names as they are sent, and as they are kept.
     *
     * @return array[]
     */
    public static function names(): array {
        return [
            'too long' => [str_repeat('ä', 300), str_repeat('ä', 255)],
            'markup' => ['  The <b>heart</b> & lung ', 'The heart & lung'],
            'smaller than' => ['Rates <60 and <= 70', 'Rates < 60 and < = 70'],
            'nothing left of it' => ['<b></b>', '12-34'],
        ];
    }

    /**
     * A name is kept as Moodle can keep and show it, and sending it again changes nothing.
     *
     * @dataProvider names
     * @param string $sent
     * @param string $kept
     */
    public function test_a_name_is_made_fit(string $sent, string $kept): void {
        $this->save(['name' => $sent, 'maximum' => 10]);
        $this->assertSame($kept, $this->item()->itemname);
        $this->assertSame('unchanged', $this->outcome(['name' => $sent]));
    }

    public function test_an_idnumber_that_is_taken_is_left_out(): void {
        $this->getDataGenerator()->create_module('page', ['course' => $this->course->id, 'idnumber' => '12-34']);
        $this->assertSame('created', $this->outcome(self::HEART));
        $this->assertEmpty($this->item()->idnumber);
    }

    public function test_of_a_duplicated_column_the_oldest_is_ours(): void {
        $student = $this->student();
        $this->save(self::HEART);
        $first = $this->item();
        $copy = $first->duplicate();
        $this->assertSame('written', $this->grade($student->id, 5));
        $this->assertEquals(5, $first->get_final($student->id)->finalgrade);
        $this->assertEmpty($copy->get_final($student->id)->finalgrade ?? null);
        $this->assertCount(2, $this->call('get_grades')['items']);
    }

    public function test_the_same_grade_again_changes_nothing(): void {
        global $DB;
        $student = $this->student();
        $this->save(self::HEART, [['userid' => $student->id, 'grade' => 7.5]]);
        $before = $DB->count_records('grade_grades_history');
        $this->assertSame('unchanged', $this->grade($student->id, 7.5, 7.5));
        $this->assertSame('unchanged', $this->grade($student->id, 7.5));
        $this->assertSame('unchanged', $this->grade($student->id, 7.500001, 3));
        $this->assertSame($before, $DB->count_records('grade_grades_history'));
    }

    public function test_a_grade_is_kept_to_five_decimals_and_compared_so(): void {
        $student = $this->student();
        $this->save(self::HEART);
        $this->assertSame('written', $this->grade($student->id, 10 / 3));
        $this->assertSame('3.33333', $this->stored($student->id));
        $this->assertSame('unchanged', $this->grade($student->id, 10 / 3, 3.33333));
        $this->assertSame('written', $this->grade($student->id, 1, 10 / 3));
    }

    public function test_a_grade_beyond_the_bounds_is_written_as_moodle_bounds_it(): void {
        $student = $this->student();
        $this->save(self::HEART);
        $this->assertSame('written', $this->grade($student->id, 12));
        $this->assertSame('10.00000', $this->stored($student->id));
        $this->assertSame('unchanged', $this->grade($student->id, 12, 10));
        $this->assertSame('written', $this->grade($student->id, -3, 10));
        $this->assertSame('0.00000', $this->stored($student->id));
    }

    public function test_a_site_that_allows_it_keeps_a_grade_above_the_maximum(): void {
        set_config('unlimitedgrades', 1);
        $student = $this->student();
        $this->save(self::HEART);
        $this->assertSame('written', $this->grade($student->id, 12));
        $this->assertSame('12.00000', $this->stored($student->id));
    }

    public function test_a_grade_is_cleared(): void {
        $student = $this->student();
        $this->save(self::HEART, [['userid' => $student->id, 'grade' => 7.5]]);
        $this->assertSame('written', $this->grade($student->id, null, 7.5));
        $this->assertNull($this->stored($student->id));
        $this->assertSame('unchanged', $this->grade($student->id, null, 7.5));
    }

    public function test_clearing_where_there_is_no_grade_makes_no_row(): void {
        global $DB;
        $student = $this->student();
        $this->save(self::HEART);
        $this->assertSame('unchanged', $this->grade($student->id, null));
        $this->assertFalse($DB->record_exists('grade_grades', ['userid' => $student->id]));
    }

    public function test_zero_is_a_grade(): void {
        $student = $this->student();
        $this->save(self::HEART);
        $this->assertSame('written', $this->grade($student->id, 0));
        $this->assertSame('0.00000', $this->stored($student->id));
        $this->assertSame('changed', $this->grade($student->id, 5));
        $this->assertSame('written', $this->grade($student->id, 5, 0));
    }

    /**
     * What a person made of a grade, what is sent then, and what the caller had seen.
     *
     * @return array[]
     */
    public static function edits(): array {
        return [
            'changed' => [8.5, 9, 7.5, 'changed'],
            'changed, and the caller saw nothing' => [8.5, 9, null, 'changed'],
            'changed, to be cleared' => [8.5, null, 7.5, 'changed'],
            'changed, and the caller saw that' => [8.5, 9, 8.5, 'written'],
            'changed to the very grade' => [9, 9, 7.5, 'unchanged'],
            'cleared' => [null, 9, 7.5, 'changed'],
            'cleared, and the caller saw that' => [null, 9, null, 'written'],
            'cleared, to be cleared' => [null, null, 7.5, 'unchanged'],
        ];
    }

    /**
     * What a person changed since the caller looked is left alone.
     *
     * @dataProvider edits
     * @param float|null $edited
     * @param float|null $grade
     * @param float|null $previous
     * @param string $outcome
     */
    public function test_a_persons_grade_is_left(?float $edited, ?float $grade, ?float $previous, string $outcome): void {
        $student = $this->student();
        $this->save(self::HEART, [['userid' => $student->id, 'grade' => 7.5]]);
        $teacher = $this->getDataGenerator()->create_and_enrol($this->course, 'editingteacher');
        $this->item()->update_final_grade($student->id, $edited, 'gradebook', false, FORMAT_MOODLE, $teacher->id);
        $this->assertSame($outcome, $this->grade($student->id, $grade, $previous));
        $this->assertEquals($outcome === 'written' ? $grade : $edited, $this->stored($student->id));
    }

    /**
     * Ways in which a column cannot be written.
     *
     * @return array[]
     */
    public static function closed_columns(): array {
        return [
            'locked' => [['locked' => 1000]],
            'its time to be locked is over' => [['locktime' => 1000]],
            'a formula' => [['calculation' => '=1+1']],
            'text only' => [['gradetype' => 3]],
        ];
    }

    /**
     * Nothing of a locked column changes.
     *
     * @dataProvider closed_columns
     * @param array $fields of the grade item
     */
    public function test_a_locked_column_stays_as_it_is(array $fields): void {
        global $DB;
        [$graded, $new] = [$this->student(), $this->student()];
        $stranger = $this->getDataGenerator()->create_user();
        $this->save(self::HEART, [['userid' => $graded->id, 'grade' => 7.5]]);
        $DB->update_record('grade_items', ['id' => $this->item()->id] + $fields);
        $item = $this->save(['name' => 'Lung', 'maximum' => 20], [
            ['userid' => $graded->id, 'grade' => 7.5, 'previous' => 7.5],
            ['userid' => $new->id, 'grade' => 1],
            ['userid' => $stranger->id, 'grade' => 1],
        ])['items'][0];
        $this->assertSame('locked', $item['outcome']);
        $this->assertSame(['locked', 'locked', 'locked'], array_column($item['grades'], 'outcome'));
        $this->assertEquals(['Heart rev kuraID: 12-34', 10], [$this->item()->itemname, $this->item()->grademax]);
        $this->assertEquals(1, $DB->count_records('grade_grades', ['itemid' => $this->item()->id]));
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
     * A locked grade stays, those beside it are written.
     *
     * @dataProvider locked_grades
     * @param array $fields of the grade
     */
    public function test_a_locked_grade_stays_as_it_is(array $fields): void {
        global $DB;
        [$locked, $open] = [$this->student(), $this->student()];
        $this->save(self::HEART, [['userid' => $locked->id, 'grade' => 7.5], ['userid' => $open->id, 'grade' => 2]]);
        $grade = grade_grade::fetch(['itemid' => $this->item()->id, 'userid' => $locked->id]);
        $DB->update_record('grade_grades', ['id' => $grade->id] + $fields);
        $this->assertSame('locked', $this->grade($locked->id, 9, 7.5));
        $this->assertSame('7.50000', $this->stored($locked->id));
        $this->assertSame('written', $this->grade($open->id, 9, 2));
    }

    public function test_only_who_is_actively_enrolled_with_a_graded_role_gets_a_grade(): void {
        global $DB;
        $generator = $this->getDataGenerator();
        $inherited = $this->enrolled_without_role();
        $generator->role_assign('student', $inherited->id, \context_coursecat::instance($this->course->category)->id);
        $expected = [
            $this->student()->id => 'written',
            $inherited->id => 'written',
            $generator->create_user()->id => 'notenrolled',
            $generator->create_and_enrol($this->course, 'editingteacher')->id => 'notenrolled',
            $generator->create_and_enrol($this->course, 'student', [], 'manual', 0, 0, ENROL_USER_SUSPENDED)->id => 'notenrolled',
            $generator->create_and_enrol($this->course, 'student', [], 'manual', time() + HOURSECS)->id => 'notenrolled',
            $generator->create_and_enrol($this->course, 'student', [], 'manual', 1, time() - 1)->id => 'notenrolled',
            987654 => 'notenrolled',
        ];
        $grades = array_map(fn(int $userid): array => ['userid' => $userid, 'grade' => 5], array_keys($expected));
        $outcomes = $this->save(self::HEART, $grades)['items'][0]['grades'];
        $this->assertSame($expected, array_column($outcomes, 'outcome', 'userid'));
        $this->assertEquals(2, $DB->count_records('grade_grades', ['itemid' => $this->item()->id]));
    }

    public function test_a_grade_lost_with_the_enrolment_is_written_again(): void {
        global $DB;
        $student = $this->student();
        $this->save(self::HEART, [['userid' => $student->id, 'grade' => 7.5]]);
        $instance = $DB->get_record('enrol', ['courseid' => $this->course->id, 'enrol' => 'manual'], '*', MUST_EXIST);
        enrol_get_plugin('manual')->unenrol_user($instance, $student->id);
        $this->assertSame([], $this->call('get_grades')['items'][0]['grades']);
        $this->getDataGenerator()->enrol_user($student->id, $this->course->id, 'student');
        $this->assertSame('written', $this->grade($student->id, 7.5));
    }

    public function test_a_user_who_is_there_twice_is_compared_with_what_was_just_written(): void {
        $student = $this->student();
        $this->save(self::HEART);
        $grades = [['userid' => $student->id, 'grade' => 1], ['userid' => $student->id, 'grade' => 2]];
        $outcomes = $this->save([], $grades)['items'][0]['grades'];
        $this->assertSame(['written', 'changed'], array_column($outcomes, 'outcome'));
        $this->assertSame('1.00000', $this->stored($student->id));
    }

    public function test_counts_say_what_arrived(): void {
        $grades = fn(int $number): array => array_fill(0, $number, ['userid' => 987654, 'grade' => 1]);
        $answer = $this->call('save_grades', ['items' => [
            ['lessonid' => 1, 'revisionid' => 1, 'grades' => $grades(2)],
            ['lessonid' => 2, 'revisionid' => 1, 'grades' => $grades(3)] + self::HEART,
            ['lessonid' => 3, 'revisionid' => 1],
        ]]);
        $this->assertSame(['items' => 3, 'grades' => 5], $answer['counts']);
        $this->assertSame(['absent', 'created', 'absent'], array_column($answer['items'], 'outcome'));
    }

    public function test_what_a_cut_call_leaves_of_a_grade_clears_nothing(): void {
        $student = $this->student();
        $this->save(self::HEART, [['userid' => $student->id, 'grade' => 7.5]]);
        $this->assertSame('changed', $this->save([], [['userid' => $student->id]])['items'][0]['grades'][0]['outcome']);
        $this->assertSame('7.50000', $this->stored($student->id));
    }

    /**
     * What is no number that a gradebook can keep.
     *
     * @return array[]
     */
    public static function nonsense(): array {
        return [
            'grade NaN' => [[], ['grade' => 'NaN']],
            'grade empty' => [[], ['grade' => '']],
            'grade infinite' => [[], ['grade' => '1e999']],
            'previous infinite' => [[], ['grade' => 1, 'previous' => '1e999']],
            'maximum infinite' => [['maximum' => '1e999'], []],
            'maximum too high' => [['maximum' => 100000], []],
            'maximum negative' => [['maximum' => -1], []],
        ];
    }

    /**
     * One bad number refuses the whole call, and nothing of it is done.
     *
     * @dataProvider nonsense
     * @param array $fields of the item
     * @param array $grade
     */
    public function test_nonsense_is_refused_and_nothing_done(array $fields, array $grade): void {
        $this->preventResetByRollback();
        [$one, $two] = [$this->student(), $this->student()];
        $this->save(self::HEART);
        $refused = ['items' => [
            ['lessonid' => 12, 'revisionid' => 34, 'grades' => [['userid' => $one->id, 'grade' => 5]]],
            ['lessonid' => 12, 'revisionid' => 34, 'grades' => [['userid' => $two->id] + $grade + ['grade' => 5]]] + $fields,
        ]];
        $this->assertSame('invalidparameter', $this->refusal('save_grades', $refused));
        $this->assertFalse(grade_grade::fetch(['itemid' => $this->item()->id, 'userid' => $one->id]));
    }

    public function test_while_another_request_writes_a_call_is_refused_and_nothing_done(): void {
        global $CFG;
        $CFG->lock_factory = \local_kurasync\tests\busy_lock_factory::class;
        $items = [['lessonid' => 12, 'revisionid' => 34] + self::HEART];
        $this->assertSame('locktimeout', $this->refusal('save_grades', ['items' => $items]));
        $this->assertSame([], $this->call('get_grades')['items']);
    }

    public function test_a_column_with_the_maximum_that_moodle_can_keep(): void {
        $this->assertSame('created', $this->outcome(['name' => 'Heart', 'maximum' => 99999.99999]));
        $this->assertSame('updated', $this->outcome(['maximum' => 0]));
    }

    /**
     * Capabilities, one of which is lacking.
     *
     * @return array[]
     */
    public static function capabilities(): array {
        return [['moodle/grade:manage'], ['moodle/grade:edit'], ['moodle/course:view']];
    }

    /**
     * Nothing is done without a capability, and its name is told.
     *
     * @dataProvider capabilities
     * @param string $capability
     */
    public function test_a_missing_capability_is_named_and_nothing_done(string $capability): void {
        $this->become_service_user([$capability]);
        $this->assertSame(
            ['missing' => [$capability], 'counts' => ['items' => 1, 'grades' => 1], 'items' => []],
            $this->save(self::HEART, [['userid' => 5, 'grade' => 1]]),
        );
        $this->assertFalse(grade_item::fetch(['courseid' => $this->course->id, 'itemmodule' => 'kuracloud']));
    }

    public function test_the_service_user_writes_into_a_hidden_course(): void {
        global $DB;
        $student = $this->student();
        $DB->set_field('course', 'visible', 0, ['id' => $this->course->id]);
        $user = $this->become_service_user();
        $this->assertSame('created', $this->save(self::HEART, [['userid' => $student->id, 'grade' => 5]])['items'][0]['outcome']);
        $grade = grade_grade::fetch(['itemid' => $this->item()->id, 'userid' => $student->id]);
        $this->assertEquals($user->id, $grade->usermodified);
    }

    public function test_a_missing_course_is_refused(): void {
        $this->assertSame('invalidrecord', $this->refusal('save_grades', ['courseid' => 987654, 'items' => []]));
    }
}
