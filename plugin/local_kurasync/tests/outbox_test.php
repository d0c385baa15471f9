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
 * What happens in Moodle is in the outbox, exactly when it really happened.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\observer
 * @covers     \local_kurasync\outbox
 */
final class outbox_test extends \advanced_testcase {
    #[\Override]
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        connection::set_up('https://kurasync.example.edu/events/uni', webhook::new_secret());
    }

    /**
     * The names of the events that wait, in order.
     *
     * @return string[]
     */
    private function names(): array {
        return array_column(outbox::waiting(1000), 'eventname');
    }

    public function test_an_enrolment_is_kept_before_the_role_that_follows_it(): void {
        $course = $this->getDataGenerator()->create_course();
        $user = $this->getDataGenerator()->create_user();
        outbox::clear();
        $this->getDataGenerator()->enrol_user($user->id, $course->id, 'student');

        [$enrolment, $role] = outbox::waiting(10);
        $this->assertSame('\core\event\user_enrolment_created', $enrolment->eventname);
        $this->assertSame('\core\event\role_assigned', $role->eventname);
        $this->assertEquals([$course->id, $user->id], [$enrolment->courseid, $enrolment->relateduserid]);
        $this->assertEquals([CONTEXT_COURSE, $course->id], [$enrolment->contextlevel, $enrolment->contextinstanceid]);
        $this->assertMatchesRegularExpression('/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/', $enrolment->eventid);
        $this->assertNotSame($enrolment->eventid, $role->eventid);
    }

    public function test_an_enrolment_that_is_rolled_back_leaves_no_row(): void {
        global $DB;
        $this->preventResetByRollback();
        $course = $this->getDataGenerator()->create_course();
        $user = $this->getDataGenerator()->create_user();
        outbox::clear();

        $transaction = $DB->start_delegated_transaction();
        $this->getDataGenerator()->enrol_user($user->id, $course->id, 'student');
        $this->assertCount(2, outbox::waiting(10));
        try {
            $transaction->rollback(new \RuntimeException('changed my mind'));
        } catch (\RuntimeException $e) {
            $this->assertSame('changed my mind', $e->getMessage());
        }

        $this->assertFalse($DB->record_exists('user_enrolments', ['userid' => $user->id]));
        $this->assertSame([], outbox::waiting(10));
    }

    public function test_nothing_of_a_deleted_user_but_the_id_is_kept(): void {
        $user = $this->getDataGenerator()->create_user(['email' => 'gone@example.edu', 'idnumber' => 'N-1234']);
        delete_user($user);
        $all = json_encode(outbox::waiting(100));
        $this->assertStringContainsString('user_deleted', $all);
        $this->assertStringNotContainsString('gone@example.edu', $all);
        $this->assertStringNotContainsString('N-1234', $all);
        $this->assertStringNotContainsString($user->username, $all);
    }

    public function test_the_deletion_of_a_course_is_announced_before_its_users_leave(): void {
        $course = $this->getDataGenerator()->create_course();
        $this->getDataGenerator()->create_and_enrol($course, 'student');
        outbox::clear();
        delete_course($course, false);

        $names = $this->names();
        $this->assertSame('\local_kurasync\event\course_deletion_started', $names[0]);
        $this->assertContains('\core\event\user_enrolment_deleted', $names);
        $this->assertSame('\core\event\course_deleted', end($names));
        $this->assertEquals($course->id, outbox::waiting(1)[0]->courseid);
    }

    public function test_a_reset_is_announced_before_its_users_leave(): void {
        global $CFG;
        require_once($CFG->dirroot . '/course/lib.php');
        $course = $this->getDataGenerator()->create_course();
        $this->getDataGenerator()->create_and_enrol($course, 'student');
        outbox::clear();
        $student = get_archetype_roles('student');
        reset_course_userdata((object) ['id' => $course->id, 'unenrol_users' => [reset($student)->id]]);

        $names = $this->names();
        $this->assertSame('\core\event\course_reset_started', $names[0]);
        $this->assertContains('\core\event\user_enrolment_deleted', $names);
        $this->assertSame('\core\event\course_reset_ended', end($names));
    }

    /**
     * A course_restored event as a restore of course 7 triggers it.
     *
     * @param int $courseid
     * @param array $other what differs
     * @return \core\event\course_restored
     */
    private static function restored(int $courseid, array $other): \core\event\course_restored {
        $usual = ['type' => 'course', 'target' => 2, 'mode' => 50, 'operation' => 'restore', 'samesite' => true];
        return \core\event\course_restored::create([
            'objectid' => $courseid,
            'context' => \core\context\course::instance($courseid),
            'other' => $other + $usual + ['originalcourseid' => '7'],
        ]);
    }

    public function test_a_restored_course_is_kept_with_the_one_it_was_made_of(): void {
        $course = $this->getDataGenerator()->create_course();
        outbox::clear();
        self::restored($course->id, [])->trigger();
        [$row] = outbox::waiting(10);
        $this->assertEquals([$course->id, 7], [$row->courseid, $row->originalcourseid]);
    }

    public function test_what_is_restored_into_a_course_that_was_there_is_made_of_no_other(): void {
        $course = $this->getDataGenerator()->create_course();
        outbox::clear();
        self::restored($course->id, ['target' => 4])->trigger();
        self::restored($course->id, ['originalcourseid' => ''])->trigger();
        $this->assertSame([null, null], array_column(outbox::waiting(10), 'originalcourseid'));
    }

    public function test_a_course_from_the_recycle_bin_says_which_one_it_was(): void {
        set_config('categorybinenable', 1, 'tool_recyclebin');
        $this->setAdminUser();
        $course = $this->getDataGenerator()->create_course();
        delete_course($course, false);
        $bin = new \tool_recyclebin\category_bin($course->category);
        outbox::clear();
        foreach ($bin->get_items() as $item) {
            $bin->restore_item($item);
        }
        $restored = array_filter(outbox::waiting(100), fn(\stdClass $row): bool => $row->originalcourseid !== null);
        $this->assertSame(['\core\event\course_restored'], array_values(array_column($restored, 'eventname')));
        $this->assertEquals($course->id, current($restored)->originalcourseid);
        $this->assertNotEquals($course->id, current($restored)->courseid);
    }

    public function test_nothing_is_kept_before_the_set_up(): void {
        connection::forget();
        $course = $this->getDataGenerator()->create_course();
        $this->getDataGenerator()->create_and_enrol($course, 'student');
        delete_course($course, false);
        $this->assertSame([], outbox::waiting(10));
    }

    public function test_an_event_that_cannot_be_kept_stops_nobody(): void {
        global $DB;
        $course = $this->getDataGenerator()->create_course();
        $user = $this->getDataGenerator()->create_user();
        $log = make_request_directory() . '/php.log';
        $before = ini_set('error_log', $log);
        $DB->get_manager()->rename_table(new \xmldb_table(outbox::TABLE), 'local_kurasync_away');
        try {
            $this->getDataGenerator()->enrol_user($user->id, $course->id, 'student');
        } finally {
            $DB->get_manager()->rename_table(new \xmldb_table('local_kurasync_away'), outbox::TABLE);
            ini_set('error_log', $before);
        }
        $this->assertTrue(is_enrolled(\core\context\course::instance($course->id), $user));
        $this->assertStringContainsString('local_kurasync: an event could not be kept', file_get_contents($log));
    }

    public function test_every_event_it_listens_to_exists(): void {
        global $CFG;
        $observers = [];
        include($CFG->dirroot . '/local/kurasync/db/events.php');
        $this->assertNotEmpty($observers);
        foreach ($observers as $observer) {
            $this->assertTrue(is_subclass_of($observer['eventname'], \core\event\base::class), $observer['eventname']);
            $this->assertTrue($observer['internal']);
            $this->assertTrue(is_callable($observer['callback']));
        }
    }

    public function test_the_summary_counts_what_waits_and_what_was_set_aside(): void {
        $this->assertSame(['waiting' => 0, 'oldest' => 0, 'setaside' => 0], outbox::summary());
        $clock = $this->mock_clock_with_frozen(1700000000);
        foreach (range(1, 3) as $ignored) {
            event\test_sent::create()->trigger();
        }
        outbox::set_aside((int) outbox::waiting(1)[0]->id, str_repeat('ä', 300), $clock->time());
        $summary = outbox::summary();
        $this->assertSame([2, 1], [$summary['waiting'], $summary['setaside']]);
        $this->assertGreaterThan(0, $summary['oldest']);
        $this->assertSame(255, \core_text::strlen(current(outbox::set_aside_rows(5))->reason));
        outbox::put_back();
        $this->assertSame(3, outbox::summary()['waiting']);
        $this->assertSame(0, outbox::summary()['setaside']);
    }
}
