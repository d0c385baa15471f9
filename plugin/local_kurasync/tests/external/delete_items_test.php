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
 * A column is deleted, unless somebody locked something in it.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\external\delete_items
 * @covers     \local_kurasync\gradebook
 * @covers     \local_kurasync\column
 */
final class delete_items_test extends service_testcase {
    /** The column. */
    private const KEY = ['lessonid' => 12, 'revisionid' => 34];

    /** @var \stdClass a student with a grade in it */
    private \stdClass $student;

    #[\Override]
    protected function setUp(): void {
        parent::setUp();
        $this->student = $this->student();
        $grades = [['userid' => $this->student->id, 'grade' => 5]];
        $this->call('save_grades', ['items' => [self::KEY + ['name' => 'Heart', 'maximum' => 10, 'grades' => $grades]]]);
    }

    /**
     * The grade item as it is now.
     *
     * @return grade_item|false
     */
    private function item(): grade_item|false {
        return grade_item::fetch(['courseid' => $this->course->id, 'itemmodule' => 'kuracloud']);
    }

    public function test_a_column_is_deleted_with_its_grades(): void {
        $item = $this->item();
        $this->assertSame([
            'missing' => [],
            'items' => [self::KEY + ['outcome' => 'deleted'], ['lessonid' => 12, 'revisionid' => 35, 'outcome' => 'absent']],
        ], $this->call('delete_items', ['items' => [self::KEY, ['lessonid' => 12, 'revisionid' => 35]]]));
        $this->assertFalse($this->item());
        $this->assertFalse(grade_grade::fetch(['itemid' => $item->id]));
        $this->assertEmpty(grade_needs_regrade_final_grades($this->course->id));
        $this->assertNull(grade_item::fetch_course_item($this->course->id)->get_final($this->student->id)->finalgrade);
    }

    public function test_a_locked_column_stays(): void {
        global $DB;
        $DB->set_field('grade_items', 'locked', 1000, ['id' => $this->item()->id]);
        $this->assertSame('locked', $this->call('delete_items', ['items' => [self::KEY]])['items'][0]['outcome']);
        $this->assertNotFalse($this->item());
    }

    public function test_a_column_with_a_locked_grade_stays(): void {
        global $DB;
        $DB->set_field('grade_grades', 'locked', 1000, ['itemid' => $this->item()->id]);
        $this->assertSame('locked', $this->call('delete_items', ['items' => [self::KEY]])['items'][0]['outcome']);
        $this->assertNotFalse($this->item());
    }

    public function test_a_column_that_a_teacher_made_a_formula_of_stays(): void {
        global $DB;
        $DB->set_field('grade_items', 'calculation', '=1+1', ['id' => $this->item()->id]);
        $this->assertSame('locked', $this->call('delete_items', ['items' => [self::KEY]])['items'][0]['outcome']);
        $this->assertNotFalse($this->item());
    }

    public function test_a_missing_capability_is_named_and_nothing_done(): void {
        $this->become_service_user(['moodle/grade:manage']);
        $this->assertSame(
            ['missing' => ['moodle/grade:manage'], 'items' => []],
            $this->call('delete_items', ['items' => [self::KEY]]),
        );
        $this->assertNotFalse($this->item());
    }

    public function test_a_missing_course_is_refused(): void {
        $this->assertSame('invalidrecord', $this->refusal('delete_items', ['courseid' => 987654, 'items' => []]));
    }
}
