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

use local_kurasync\tests\service_testcase;

/**
 * A roster is complete, says what it is, and says when it cannot be trusted.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\external\get_roster
 * @covers     \local_kurasync\roster
 * @covers     \local_kurasync\access
 */
final class get_roster_test extends service_testcase {
    /**
     * Enrol a new user by hand.
     *
     * @param int $timestart
     * @param int $timeend
     * @param int $status
     * @return \stdClass the user
     */
    private function enrolled(int $timestart = 0, int $timeend = 0, int $status = ENROL_USER_ACTIVE): \stdClass {
        $user = $this->getDataGenerator()->create_user();
        $this->getDataGenerator()->enrol_user($user->id, $this->course->id, 'student', 'manual', $timestart, $timeend, $status);
        return $user;
    }

    /**
     * The user of the roster.
     *
     * @param int $userid
     * @return array
     */
    private function row(int $userid): array {
        return array_column($this->call('get_roster')['users'], null, 'id')[$userid];
    }

    public function test_it_gives_course_and_student_as_they_are_stored(): void {
        $student = $this->student([
            'firstname' => 'Zoë',
            'lastname' => "O'Neil",
            'email' => 'Zoe.ONeil@example.edu',
            'idnumber' => 'A1',
        ]);
        $group = $this->getDataGenerator()->create_group(['courseid' => $this->course->id, 'name' => 'Sec A & <i>B</i>']);
        $this->getDataGenerator()->create_group_member(['groupid' => $group->id, 'userid' => $student->id]);

        $answer = $this->call('get_roster');
        $timeadded = $answer['users'][0]['groups'][0]['timeadded'];
        $this->assertEqualsWithDelta(time(), $timeadded, 60);
        $this->assertSame([
            'course' => [
                'id' => (int) $this->course->id,
                'fullname' => 'Human <b>A</b> & P',
                'shortname' => $this->course->shortname,
                'idnumber' => 'HAP',
                'enddate' => (int) $this->course->enddate,
                'visible' => true,
                'groupmode' => 0,
            ],
            'total' => 1,
            'next' => 0,
            'missing' => [],
            'users' => [[
                'id' => (int) $student->id,
                'firstname' => 'Zoë',
                'lastname' => "O'Neil",
                'email' => 'Zoe.ONeil@example.edu',
                'idnumber' => 'A1',
                'suspended' => false,
                'active' => true,
                'roles' => [['shortname' => 'student', 'archetype' => 'student', 'contextlevel' => CONTEXT_COURSE]],
                'groups' => [['id' => (int) $group->id, 'name' => 'Sec A & <i>B</i>', 'timeadded' => $timeadded]],
            ]],
        ], $answer);
    }

    public function test_a_course_without_enrolments_is_empty(): void {
        $answer = $this->call('get_roster');
        $this->assertSame([0, []], [$answer['total'], $answer['users']]);
    }

    public function test_a_missing_course_is_refused(): void {
        $this->assertSame('invalidrecord', $this->refusal('get_roster', ['courseid' => 987654]));
    }

    /**
     * Enrolments, whether they are active, and when their state changes next.
     *
     * @return array[]
     */
    public static function enrolments(): array {
        return [
            'active' => [0, 0, ENROL_USER_ACTIVE, true, 0],
            'begun, ends in an hour' => [-HOURSECS, HOURSECS, ENROL_USER_ACTIVE, true, HOURSECS],
            'begins in an hour' => [HOURSECS, 0, ENROL_USER_ACTIVE, false, HOURSECS],
            'begins in an hour, ends in two' => [HOURSECS, 2 * HOURSECS, ENROL_USER_ACTIVE, false, HOURSECS],
            'over' => [-2 * HOURSECS, -HOURSECS, ENROL_USER_ACTIVE, false, 0],
            'suspended' => [0, 0, ENROL_USER_SUSPENDED, false, 0],
            'suspended, ends in an hour' => [0, HOURSECS, ENROL_USER_SUSPENDED, false, 0],
        ];
    }

    /**
     * Everybody with an enrolment is listed, and its state is told.
     *
     * @dataProvider enrolments
     * @param int $timestart from now; 0: not set
     * @param int $timeend from now; 0: not set
     * @param int $status
     * @param bool $isactive
     * @param int $next from now; 0: none
     */
    public function test_an_enrolment_is_active_or_not(int $timestart, int $timeend, int $status, bool $isactive, int $next): void {
        $now = time();
        $user = $this->enrolled($timestart ? $now + $timestart : 0, $timeend ? $now + $timeend : 0, $status);
        $answer = $this->call('get_roster');
        $this->assertSame([(int) $user->id], array_column($answer['users'], 'id'));
        $this->assertSame([$isactive], array_column($answer['users'], 'active'));
        $this->assertSame([1, $next ? $now + $next : 0], [$answer['total'], $answer['next']]);
    }

    public function test_an_enrolment_that_begins_this_very_second_is_active(): void {
        $user = $this->enrolled(1000, 2000);
        $active = fn(int $now): array => array_column((new \local_kurasync\roster($this->context, $now))->users(), 'active', 'id');
        $next = fn(int $now): int => (new \local_kurasync\roster($this->context, $now))->next();
        $this->assertSame(
            [false, true, true, false],
            array_map(fn(int $now): bool => $active($now)[$user->id], [999, 1000, 1999, 2000]),
        );
        $this->assertSame([1000, 2000, 2000, 0], array_map($next, [999, 1000, 1999, 2000]));
    }

    public function test_the_next_moment_is_the_first_of_all_and_also_told_to_who_asks_for_one_user(): void {
        $now = time();
        $first = $this->enrolled($now + 500);
        $this->enrolled(0, $now + 300);
        $this->assertSame($now + 300, $this->call('get_roster', ['userids' => [$first->id]])['next']);
    }

    public function test_an_enrolment_of_a_disabled_method_is_not_active_and_never_changes_by_date(): void {
        global $DB;
        $user = $this->enrolled(0, time() + HOURSECS);
        $DB->set_field('enrol', 'status', ENROL_INSTANCE_DISABLED, ['courseid' => $this->course->id, 'enrol' => 'manual']);
        $this->assertFalse($this->row($user->id)['active']);
        $this->assertSame(0, $this->call('get_roster')['next']);
    }

    public function test_one_active_enrolment_of_two_is_enough_and_the_user_is_listed_once(): void {
        global $DB;
        $user = $this->enrolled(0, 0, ENROL_USER_SUSPENDED);
        $DB->set_field('enrol', 'status', ENROL_INSTANCE_ENABLED, ['courseid' => $this->course->id, 'enrol' => 'self']);
        $this->getDataGenerator()->enrol_user($user->id, $this->course->id, 'student', 'self');
        $answer = $this->call('get_roster');
        $this->assertSame([1, [true]], [$answer['total'], array_column($answer['users'], 'active')]);
        $this->assertCount(1, $answer['users'][0]['roles']);
    }

    public function test_a_suspended_account_is_told_apart_from_a_suspended_enrolment(): void {
        $row = $this->row($this->student(['suspended' => 1])->id);
        $this->assertSame([true, true], [$row['suspended'], $row['active']]);
    }

    public function test_a_deleted_account_is_left_out_and_not_counted(): void {
        global $DB;
        $gone = $this->student();
        $DB->set_field('user', 'deleted', 1, ['id' => $gone->id]);
        $answer = $this->call('get_roster');
        $this->assertSame([0, []], [$answer['total'], $answer['users']]);
    }

    public function test_roles_are_told_with_where_they_come_from_and_what_they_are_made_of(): void {
        $user = $this->enrolled_without_role();
        $custom = $this->getDataGenerator()->create_role(['shortname' => 'auditor', 'archetype' => '']);
        $this->getDataGenerator()->role_assign('student', $user->id, \context_coursecat::instance($this->course->category)->id);
        $this->getDataGenerator()->role_assign($custom, $user->id, \context_system::instance()->id);
        $this->getDataGenerator()->role_assign('editingteacher', $user->id, $this->context->id);
        $other = $this->getDataGenerator()->create_course();
        $this->getDataGenerator()->role_assign('teacher', $user->id, \context_course::instance($other->id)->id);
        $this->assertSame([
            ['shortname' => 'editingteacher', 'archetype' => 'editingteacher', 'contextlevel' => CONTEXT_COURSE],
            ['shortname' => 'student', 'archetype' => 'student', 'contextlevel' => CONTEXT_COURSECAT],
            ['shortname' => 'auditor', 'archetype' => '', 'contextlevel' => CONTEXT_SYSTEM],
        ], $this->row($user->id)['roles']);
    }

    public function test_a_role_given_twice_is_told_once(): void {
        $user = $this->student();
        role_assign($this->role('student'), $user->id, $this->context->id, 'enrol_self', 1);
        $this->assertCount(1, $this->row($user->id)['roles']);
    }

    /**
     * The id of a role.
     *
     * @param string $shortname
     * @return int
     */
    private function role(string $shortname): int {
        global $DB;
        return $DB->get_field('role', 'id', ['shortname' => $shortname], MUST_EXIST);
    }

    public function test_who_has_a_capability_is_told_where_it_is_asked_for(): void {
        $student = $this->student();
        $above = $this->enrolled_without_role();
        $this->getDataGenerator()->role_assign('student', $above->id, \context_coursecat::instance($this->course->category)->id);
        $nobody = $this->enrolled_without_role();
        $suspended = $this->enrolled(0, 0, ENROL_USER_SUSPENDED);
        $teacher = $this->getDataGenerator()->create_user();
        $this->getDataGenerator()->enrol_user($teacher->id, $this->course->id, 'editingteacher');
        $users = $this->call('get_roster', ['capability' => 'mod/assign:submit'])['users'];
        $this->assertSame(
            [
                (int) $student->id => true,
                (int) $above->id => true,
                (int) $nobody->id => false,
                (int) $suspended->id => true,
                (int) $teacher->id => false,
            ],
            array_column($users, 'capable', 'id'),
        );
        $some = $this->call('get_roster', ['capability' => 'mod/assign:submit', 'userids' => [$nobody->id]])['users'];
        $this->assertSame([false], array_column($some, 'capable'));
        $this->assertArrayNotHasKey('capable', $this->row($student->id));
    }

    public function test_a_role_that_is_denied_a_capability_in_the_course_has_it_not(): void {
        $student = $this->student();
        role_change_permission($this->role('student'), $this->context, 'mod/assign:submit', CAP_PROHIBIT);
        $users = $this->call('get_roster', ['capability' => 'mod/assign:submit'])['users'];
        $this->assertSame([(int) $student->id => false], array_column($users, 'capable', 'id'));
    }

    public function test_a_capability_that_moodle_does_not_know_is_refused(): void {
        $this->student();
        foreach (['mod/assign:submitt', 'submit', ' '] as $name) {
            $this->assertSame('error_capability', $this->refusal('get_roster', ['capability' => $name]));
        }
    }

    public function test_whoever_has_a_role_and_no_enrolment_is_not_in_it(): void {
        $user = $this->getDataGenerator()->create_user();
        $this->getDataGenerator()->role_assign('student', $user->id, $this->context->id);
        $this->assertSame([], $this->call('get_roster')['users']);
    }

    public function test_users_asked_for_are_given_alone_and_counted_alone(): void {
        [$one, $two] = [$this->student(), $this->student()];
        $this->student();
        $stranger = $this->getDataGenerator()->create_user();
        $answer = $this->call('get_roster', ['userids' => [$two->id, $one->id, $one->id, $stranger->id]]);
        $this->assertSame([(int) $one->id, (int) $two->id], array_column($answer['users'], 'id'));
        $this->assertSame(2, $answer['total']);
        $this->assertCount(1, $answer['users'][0]['roles']);
    }

    public function test_the_service_user_reads_a_hidden_course_of_separate_groups(): void {
        global $DB;
        $this->student();
        $DB->update_record('course', ['id' => $this->course->id, 'visible' => 0, 'groupmode' => SEPARATEGROUPS]);
        $this->become_service_user();
        $answer = $this->call('get_roster');
        $this->assertSame([[], 1], [$answer['missing'], $answer['total']]);
        $this->assertSame([false, SEPARATEGROUPS], [$answer['course']['visible'], $answer['course']['groupmode']]);
    }

    /**
     * Capabilities, one of which is lacking.
     *
     * @return array[]
     */
    public static function capabilities(): array {
        $names = [
            'moodle/course:view',
            'moodle/course:viewhiddencourses',
            'moodle/course:viewparticipants',
            'moodle/course:enrolreview',
            'moodle/course:useremail',
            'moodle/site:accessallgroups',
            'moodle/user:viewdetails',
            'moodle/user:viewalldetails',
        ];
        return array_combine($names, array_map(fn(string $name): array => [$name], $names));
    }

    /**
     * Nothing is given away without a capability, and its name is told.
     *
     * @dataProvider capabilities
     * @param string $capability
     */
    public function test_a_missing_capability_is_named_and_nobody_shown(string $capability): void {
        global $DB;
        $this->student();
        $DB->set_field('course', 'visible', 0, ['id' => $this->course->id]);
        $this->become_service_user([$capability]);
        $answer = $this->call('get_roster');
        $this->assertSame([$capability], $answer['missing']);
        $this->assertSame([[], 0, ''], [$answer['users'], $answer['total'], $answer['course']['fullname']]);
    }

    public function test_a_visible_course_asks_for_no_right_to_hidden_ones(): void {
        $this->become_service_user(['moodle/course:viewhiddencourses']);
        $this->assertSame([], $this->call('get_roster')['missing']);
    }

    public function test_user_identity_is_enough_in_place_of_useremail(): void {
        $user = $this->become_service_user(['moodle/course:useremail']);
        $role = $this->getDataGenerator()->create_role();
        assign_capability('moodle/site:viewuseridentity', CAP_ALLOW, $role, SYSCONTEXTID);
        role_assign($role, $user->id, SYSCONTEXTID);
        accesslib_clear_all_caches_for_unit_testing();
        $this->assertSame([], $this->call('get_roster')['missing']);
    }

    public function test_a_student_gets_nothing(): void {
        $this->setUser($this->student());
        $answer = $this->call('get_roster');
        $this->assertContains('moodle/course:enrolreview', $answer['missing']);
        $this->assertSame([], $answer['users']);
    }
}
