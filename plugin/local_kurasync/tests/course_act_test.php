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

use core\output\notification;
use local_kurasync\tests\course_testcase;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/fixtures/course_door.php');

/**
 * Each button asks kurasync for what it says, only for those who may, and tells how it went.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\course_act
 * @covers     \local_kurasync\event\course_steered
 */
final class course_act_test extends course_testcase {
    /** What a form may hold. */
    private const GIVEN = [
        'kind' => 'roster',
        'task' => 7,
        'digest' => 'd1',
        'mapping' => 12,
        'instance' => 'kura',
        'course' => 3,
    ];

    /**
     * Press a button.
     *
     * @param string $act
     * @param array $given
     * @return array where to go on, and the notification or null
     */
    private function press(string $act, array $given = []): array {
        $pressed = new course_act($this->client(), $this->context, $this->rights(), $this->page, $given + self::GIVEN);
        return $pressed->perform($act);
    }

    /**
     * The buttons, what kurasync is asked, and what is said.
     *
     * @return array[]
     */
    public static function buttons(): array {
        $held = ['kind' => 'roster', 'digest' => 'd1'];
        return [
            'map' => ['map', ['map' => ['instance' => 'kura', 'course' => 3]], 'course_done_map'],
            'remove' => ['unmap', ['unmap' => ['mapping' => 12]], 'course_done_unmap'],
            'sync' => ['sync', ['sync' => ['kind' => 'roster']], 'course_done_sync_roster'],
            'approve' => ['approve', ['approve' => $held], 'course_done_approve'],
            'reject' => ['reject', ['reject' => $held], 'course_done_reject'],
        ];
    }

    /**
     * A button does one thing.
     *
     * @dataProvider buttons
     * @param string $act
     * @param array $asked
     * @param string $said
     */
    public function test_a_button_asks_for_what_it_says(string $act, array $asked, string $said): void {
        $answers = array_fill_keys(['map', 'sync', 'approve', 'reject'], []) + ['unmap' => ['given_back' => true]];
        $door = course_door::stand_in($answers);
        $log = $this->redirectEvents();
        [$next, $notification] = $this->press($act);
        $this->assertSame([$asked], $door->asked());
        $this->assertTrue($this->page->compare($next, URL_MATCH_EXACT));
        $this->assertSame(get_string($said, 'local_kurasync'), $notification->get_message());
        $this->assertSame(notification::NOTIFY_SUCCESS, $notification->get_message_type());
        [$event] = $log->get_events();
        $this->assertSame(['act' => $act, 'kind' => 'roster'], $event->other);
        $this->assertEquals($this->teacher->id, $event->userid);
    }

    public function test_a_preview_leads_to_where_the_plan_is_shown(): void {
        course_door::stand_in(['preview' => ['task' => 9]]);
        [$next, $notification] = $this->press('preview');
        $this->assertSame(['task', '9'], [$next->get_param('view'), $next->get_param('task')]);
        $this->assertNull($notification);
    }

    public function test_continue_carries_out_the_plan_that_was_shown(): void {
        $door = course_door::stand_in(['task' => course_door::task(), 'continue' => ['generation' => 3]]);
        [, $notification] = $this->press('go');
        $this->assertSame(['continue' => ['task' => 7, 'digest' => 'd1']], $door->asked()[1]);
        $this->assertSame(get_string('course_done_go', 'local_kurasync'), $notification->get_message());
    }

    public function test_a_second_click_is_no_error(): void {
        course_door::stand_in(['task' => course_door::task(), 'continue' => course_door::refuses(409, 'used')]);
        [, $notification] = $this->press('go');
        $this->assertSame(notification::NOTIFY_INFO, $notification->get_message_type());
    }

    public function test_a_mapping_that_kuracloud_was_not_told_of_is_said(): void {
        course_door::stand_in(['unmap' => ['given_back' => false]]);
        [, $notification] = $this->press('unmap');
        $this->assertSame(notification::NOTIFY_WARNING, $notification->get_message_type());
    }

    public function test_a_refusal_is_told_without_markup_and_is_not_logged(): void {
        course_door::stand_in(['map' => course_door::refuses(409, 'mapped_already', 'To <b>another</b>.')]);
        $log = $this->redirectEvents();
        [, $notification] = $this->press('map');
        $this->assertSame('To &lt;b&gt;another&lt;/b&gt;.', $notification->get_message());
        $this->assertSame(notification::NOTIFY_ERROR, $notification->get_message_type());
        $this->assertSame([], $log->get_events());
    }

    public function test_grades_that_cannot_be_asked_for_now_are_asked_for_by_the_outbox(): void {
        foreach ([answer::none('down'), course_door::refuses(403, 'course_pages_off')] as $answer) {
            outbox::clear();
            course_door::stand_in(['sync' => $answer]);
            [, $notification] = $this->press('sync', ['kind' => 'grades']);
            $this->assertSame(get_string('course_done_sync_later', 'local_kurasync'), $notification->get_message());
            $this->assertSame(['\local_kurasync\event\grades_requested'], array_column(outbox::waiting(9), 'eventname'));
        }
    }

    public function test_grades_that_are_refused_are_not_asked_for_by_the_outbox(): void {
        outbox::clear();
        course_door::stand_in(['sync' => course_door::refuses(409, 'no_gradebook')]);
        $this->press('sync', ['kind' => 'grades']);
        course_door::stand_in(['sync' => answer::none('down')]);
        [, $notification] = $this->press('sync');
        $this->assertSame(notification::NOTIFY_WARNING, $notification->get_message_type());
        $this->assertSame([], outbox::waiting(9));
    }

    /**
     * Which right each button needs.
     *
     * @return array[]
     */
    public static function needs(): array {
        return [
            ['map', 'roster', 'map'],
            ['unmap', 'grades', 'map'],
            ['preview', 'roster', 'syncusers'],
            ['go', 'roster', 'syncusers'],
            ['approve', 'roster', 'syncusers'],
            ['reject', 'roster', 'syncusers'],
            ['sync', 'roster', 'syncusers'],
            ['preview', 'grades', 'syncgrades'],
            ['go', 'grades', 'syncgrades'],
            ['approve', 'grades', 'syncgrades'],
            ['reject', 'grades', 'syncgrades'],
            ['sync', 'grades', 'syncgrades'],
        ];
    }

    /**
     * Without the right nothing is asked.
     *
     * @dataProvider needs
     * @param string $act
     * @param string $kind
     * @param string $right
     */
    public function test_who_lacks_the_right_asks_nothing(string $act, string $kind, string $right): void {
        global $DB;
        $role = $DB->get_field('role', 'id', ['shortname' => 'editingteacher'], MUST_EXIST);
        assign_capability("local/kurasync:$right", CAP_PROHIBIT, $role, $this->context->id, true);
        $door = course_door::stand_in([]);
        try {
            $this->press($act, ['kind' => $kind]);
            $this->fail('It went ahead.');
        } catch (\required_capability_exception $refused) {
            $this->assertSame([], $door->requests);
        }
    }

    public function test_a_plan_of_one_kind_is_not_carried_out_with_the_right_for_the_other(): void {
        $door = course_door::stand_in(['task' => course_door::task(['kind' => 'grades'])]);
        $this->expectException(\moodle_exception::class);
        try {
            $this->press('go');
        } finally {
            $this->assertSame(['task'], array_map(key(...), $door->asked()));
        }
    }

    public function test_an_unknown_button_or_kind_is_refused(): void {
        $door = course_door::stand_in([]);
        foreach ([['perform', 'roster'], ['sync', 'everything']] as [$act, $kind]) {
            try {
                $this->press($act, ['kind' => $kind]);
                $this->fail('It went ahead.');
            } catch (\moodle_exception $refused) {
                $this->assertSame([], $door->requests);
            }
        }
    }
}
