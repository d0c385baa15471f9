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

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/fixtures/course_door.php');

/**
 * The course page shows what kurasync says, as far as whoever looks may see it, and nothing as markup.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\course_views
 * @covers     \local_kurasync\course_rights
 * @covers     \local_kurasync\output\mapped
 * @covers     \local_kurasync\output\candidates
 * @covers     \local_kurasync\output\plan
 * @covers     \local_kurasync\output\hold
 * @covers     \local_kurasync\output\sections
 * @covers     \local_kurasync\output\students
 * @covers     \local_kurasync\output\grades
 * @covers     \local_kurasync\output\standings
 * @covers     \local_kurasync\output\unanswered
 */
final class course_views_test extends course_testcase {
    /** What a query may hold. */
    private const GIVEN = [
        'kind' => 'roster',
        'task' => 7,
        'instance' => 'kura',
        'course' => 3,
        'name' => 'Physiology <b>1</b>',
        'search' => '',
        'after' => '',
    ];

    /**
     * Look at a view.
     *
     * @param string $view
     * @param array $answers of kurasync, by verb
     * @param array $given
     * @param course_rights|null $rights null: all
     * @return string HTML
     */
    private function look(string $view, array $answers, array $given = [], ?course_rights $rights = null): string {
        global $PAGE;
        course_door::stand_in($answers);
        $rights ??= $this->rights();
        $shown = (new course_views($this->client(), $rights, $this->page, $given + self::GIVEN))->show($view);
        return $PAGE->get_renderer('core')->render($shown);
    }

    /**
     * Whether a page has a button that does this.
     *
     * @param string $html
     * @param string $act
     * @return bool
     */
    private function offers(string $html, string $act): bool {
        return str_contains($html, "name=\"act\" value=\"$act\"");
    }

    public function test_a_mapped_course_shows_how_it_is_and_its_buttons(): void {
        $html = $this->look('overview', ['status' => course_door::status()]);
        $this->assertStringContainsString('Physiology &lt;b&gt;1&lt;/b&gt;', $html);
        $this->assertStringContainsString('In step: 24', $html);
        $this->assertStringNotContainsString('Conflict', $html, 'what there is none of is not shown');
        $this->assertStringContainsString('1 added.', $html);
        $this->assertTrue($this->offers($html, 'preview') && $this->offers($html, 'sync'));
        $this->assertStringContainsString('name="sesskey" value="' . sesskey() . '"', $html);
        $this->assertStringContainsString('view=remove', $html);
    }

    public function test_each_right_shows_its_part_alone(): void {
        $answers = ['status' => course_door::status([], [
            'holds' => [course_door::hold(), course_door::hold('grades')],
            'task' => ['task' => 7, 'kind' => 'roster', 'state' => 'done', 'asked_at' => '2026-03-02T09:14:00Z'],
        ])];
        $users = $this->look('overview', $answers, [], new course_rights(false, true, false));
        $grades = $this->look('overview', $answers, [], new course_rights(false, false, true));
        $map = $this->look('overview', $answers, [], new course_rights(true, false, false));
        foreach (['view=students' => $users, 'view=grades' => $grades, 'view=remove' => $map] as $part => $own) {
            foreach ([$users, $grades, $map] as $html) {
                $this->assertSame($html === $own, str_contains($html, $part), $part);
            }
        }
        $this->assertStringContainsString('kind=roster', $users);
        $this->assertStringNotContainsString('kind=grades', $users);
        $this->assertStringContainsString('task=7', $users);
        $this->assertStringNotContainsString('task=7', $grades);
        $this->assertStringNotContainsString('view=hold', $map);
    }

    public function test_what_is_in_the_way_is_said(): void {
        $mapping = ['obstacle' => 'The <i>mapping</i> is paused.', 'obstacle_reason' => 'of_its_own', 'started' => false];
        $html = $this->look('overview', ['status' => course_door::status($mapping + ['last_in_step' => null])]);
        $this->assertStringContainsString('The &lt;i&gt;mapping&lt;/i&gt; is paused.', $html);
        $this->assertStringContainsString(get_string('course_notstarted', 'local_kurasync'), $html);
        $this->assertStringContainsString(get_string('course_neverinstep', 'local_kurasync'), $html);
    }

    public function test_a_course_that_is_not_mapped_offers_the_kuracloud_courses(): void {
        $course = ['instance' => 'kura', 'instance_name' => 'Uni', 'course' => 3, 'code' => 'PHY', 'name' => 'Phys <b>'];
        $found = ['courses' => [$course + ['lms_enabled' => true]], 'more' => true, 'silent' => ['other <b>']];
        $answers = ['status' => ['mapping' => null], 'candidates' => $found];
        $html = $this->look('overview', $answers, ['search' => 'phy"']);
        $this->assertStringContainsString('view=chosen&amp;instance=kura&amp;course=3', $html);
        $this->assertStringContainsString('Phys &lt;b&gt;', $html);
        $this->assertStringContainsString('value="phy&quot;"', $html);
        $this->assertStringContainsString('other &lt;b&gt; did not answer', $html);
        foreach (['course_lmsenabled', 'course_more', 'note_kuracloud'] as $said) {
            $this->assertStringContainsString(s(get_string($said, 'local_kurasync')), s(html_entity_decode($html)));
        }
        $none = ['courses' => [], 'more' => false, 'silent' => []];
        foreach (['x' => 'course_none_found', '' => 'course_none'] as $search => $said) {
            $html = $this->look('overview', ['candidates' => $none] + $answers, ['search' => $search]);
            $this->assertStringContainsString(get_string($said, 'local_kurasync'), $html);
        }
    }

    public function test_who_may_not_map_is_told_whom_to_ask(): void {
        $rights = new course_rights(false, true, true);
        $html = $this->look('overview', ['status' => ['mapping' => null]], [], $rights);
        $this->assertStringContainsString(get_string('course_unmapped_ask', 'local_kurasync'), $html);
    }

    public function test_a_mapping_is_made_and_removed_only_after_a_question(): void {
        $chosen = $this->look('chosen', []);
        $this->assertStringContainsString('Physiology &lt;b&gt;1&lt;/b&gt;', $chosen);
        $this->assertTrue($this->offers($chosen, 'map'));
        $remove = $this->look('remove', ['status' => course_door::status()]);
        $this->assertTrue($this->offers($remove, 'unmap'));
        $this->assertStringContainsString('name="mapping" value="12"', $remove);
    }

    public function test_a_plan_is_shown_before_continue(): void {
        $html = $this->look('task', ['task' => course_door::task()]);
        $this->assertStringContainsString('Cleo &lt;i&gt;Park&lt;/i&gt;', $html);
        $this->assertStringContainsString('student → removed', $html);
        $this->assertStringContainsString(get_string('planned_delete', 'local_kurasync'), $html);
        $this->assertStringContainsString('<th scope="col">odd one</th>', $html, 'a column without words of ours');
        $this->assertStringNotContainsString('kuraCloud id', $html, 'a column without anything in it');
        $this->assertStringContainsString(get_string('plan_more', 'local_kurasync', 2), $html);
        $this->assertTrue($this->offers($html, 'go'));
        $this->assertStringContainsString('name="digest" value="' . str_repeat('b', 64) . '"', $html);
    }

    /**
     * Plans from which nobody can go on.
     *
     * @return array[]
     */
    public static function plans(): array {
        return [
            'made just now' => [['state' => 'running', 'sections' => []], 'plan_beingmade'],
            'in step' => [['counts' => [], 'sections' => []], 'plan_nothing_roster'],
            'used' => [['state' => 'used'], 'plan_used'],
            'failed' => [['state' => 'failed', 'reason' => 'timeout', 'message' => 'No.', 'sections' => []], 'plan_failed'],
        ];
    }

    /**
     * Without a plan there is no Continue.
     *
     * @dataProvider plans
     * @param array $task
     * @param string $said
     */
    public function test_a_plan_that_cannot_be_carried_out_has_no_continue(array $task, string $said): void {
        $html = $this->look('task', ['task' => course_door::task($task)]);
        $this->assertStringContainsString(get_string($said, 'local_kurasync'), $html);
        $this->assertFalse($this->offers($html, 'go'));
    }

    public function test_only_a_plan_that_is_being_made_is_looked_at_again_by_itself(): void {
        $this->assertSame(2, (new output\plan($this->page, course_door::task(['state' => 'wanted'])))->refreshes());
        $this->assertNull((new output\plan($this->page, course_door::task()))->refreshes());
        $this->assertNull((new output\unmapped())->refreshes());
    }

    public function test_what_waits_is_shown_with_both_decisions_until_it_is_decided(): void {
        $html = $this->look('hold', ['status' => course_door::status([], ['holds' => [course_door::hold()]])]);
        $this->assertTrue($this->offers($html, 'approve') && $this->offers($html, 'reject'));
        $this->assertStringContainsString('Why: because.', $html);
        $approved = course_door::status([], ['holds' => [course_door::hold('roster', 'approved')]]);
        $this->assertFalse($this->offers($this->look('hold', ['status' => $approved]), 'approve'));
        $this->assertTrue($this->offers($this->look('hold', ['status' => course_door::status()]), 'preview'), 'nothing waits');
    }

    public function test_students_are_listed_with_their_standing_and_the_next_page(): void {
        $student = ['userid' => 5, 'studentid' => null, 'name' => 'Fay <b>', 'email' => 'f@example.edu', 'reasons' => []];
        $list = [
            'read_at' => '2026-03-02T09:10:00Z',
            'looking' => true,
            'counts' => ['conflict' => 1],
            'students' => [$student + ['standing' => 'conflict', 'message' => 'Shared.']],
            'next' => '104',
        ];
        $html = $this->look('students', ['students' => $list]);
        $this->assertStringContainsString('Fay &lt;b&gt;', $html);
        $this->assertStringContainsString("/user/view.php?id=5&amp;course={$this->course->id}", $html);
        $this->assertMatchesRegularExpression('~bg-danger text-white">Conflict<.*Shared\.~s', $html);
        $this->assertStringContainsString('view=students&amp;after=104', $html);
        $door = course_door::stand_in(['students' => $list]);
        (new course_views($this->client(), $this->rights(), $this->page, ['after' => '104']))->show('students');
        $this->assertSame([['students' => ['limit' => 100, 'after' => '104']]], $door->asked());
    }

    public function test_grades_are_listed_with_where_they_are_and_why(): void {
        $cell = ['lesson' => 5, 'revision' => 6, 'userid' => null, 'name' => 'Kim', 'value' => 6.5, 'shown' => null];
        $html = $this->look('grades', ['grades' => [
            'read_at' => null,
            'looking' => false,
            'counts' => [],
            'columns' => [['lesson' => 5, 'revision' => 6, 'title' => 'Heart', 'standing' => 'in_step', 'message' => 'There.']],
            'cells' => [$cell + ['standing' => 'changed_in_moodle', 'message' => 'Stays.']],
            'next' => null,
        ]]);
        $this->assertMatchesRegularExpression('~Kim.*Heart.*6\.5.*-.*Changed in Moodle.*Stays\.~s', $html);
        $this->assertStringContainsString(get_string('list_unread', 'local_kurasync'), $html);
        $this->assertStringNotContainsString('after=', $html);
    }

    public function test_where_kurasync_is_silent_there_is_a_notice_and_grades_can_be_asked_for(): void {
        $html = $this->look('overview', ['status' => answer::none('down')]);
        $this->assertStringContainsString(get_string('refusal_silence', 'local_kurasync'), $html);
        $this->assertStringContainsString(get_string('unanswered_safe', 'local_kurasync'), $html);
        $this->assertTrue($this->offers($html, 'sync'));
        $html = $this->look('overview', ['status' => answer::none('down')], [], new course_rights(true, true, false));
        $this->assertFalse($this->offers($html, 'sync'));
        $html = $this->look('overview', ['status' => course_door::refuses(401, 'bad_signature')]);
        $this->assertFalse($this->offers($html, 'sync'));
    }

    public function test_what_one_may_not_see_is_refused(): void {
        $roster = new course_rights(false, true, false);
        $tries = [
            ['chosen', $roster, []],
            ['remove', $roster, []],
            ['grades', $roster, []],
            ['students', new course_rights(true, false, true), []],
            ['task', $roster, ['task' => course_door::task(['kind' => 'grades'])]],
            ['hold', new course_rights(true, false, true), []],
            ['show', $this->rights(), []],
        ];
        foreach ($tries as [$view, $rights, $answers]) {
            try {
                $this->look($view, $answers, [], $rights);
                $this->fail("$view was shown.");
            } catch (\moodle_exception $refused) {
                $this->assertSame('nopermissiontoshow', $refused->errorcode);
            }
        }
    }
}
