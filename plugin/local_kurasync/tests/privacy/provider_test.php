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

namespace local_kurasync\privacy;

use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;
use core_privacy\tests\provider_testcase;
use local_kurasync\connection;
use local_kurasync\outbox;
use local_kurasync\webhook;

/**
 * What is kept of people can be seen, and an erasure reaches kurasync.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\privacy\provider
 */
final class provider_test extends provider_testcase {
    /** @var \stdClass */
    private \stdClass $user;

    #[\Override]
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        connection::set_up('https://kurasync.example.edu/events/uni', webhook::new_secret());
        $this->user = $this->getDataGenerator()->create_user();
        $course = $this->getDataGenerator()->create_course();
        outbox::clear();
        $this->getDataGenerator()->enrol_user($this->user->id, $course->id, 'student');
    }

    public function test_what_goes_to_kuracloud_is_told(): void {
        $collection = provider::get_metadata(new \core_privacy\local\metadata\collection('local_kurasync'));
        [, $kuracloud] = $collection->get_collection();
        $this->assertSame('kuracloud', $kuracloud->get_name());
        $this->assertSame(
            ['firstname', 'lastname', 'email', 'idnumber', 'section'],
            array_keys($kuracloud->get_privacy_fields())
        );
    }

    public function test_what_kurasync_is_told_of_who_uses_the_course_page_is_told(): void {
        $collection = provider::get_metadata(new \core_privacy\local\metadata\collection('local_kurasync'));
        [, , $kurasync] = $collection->get_collection();
        $this->assertSame('kurasync', $kurasync->get_name());
        $this->assertSame(['userid', 'courseid'], array_keys($kurasync->get_privacy_fields()));
    }

    public function test_everybody_may_be_in_kuracloud_once_the_site_is_connected(): void {
        $somebody = $this->getDataGenerator()->create_user();
        $this->assertEquals([SYSCONTEXTID], provider::get_contexts_for_userid((int) $somebody->id)->get_contextids());
        connection::forget();
        $this->assertSame([], provider::get_contexts_for_userid((int) $somebody->id)->get_contextids());
    }

    public function test_who_waits_in_the_outbox_is_found(): void {
        $userlist = new userlist(\core\context\system::instance(), 'local_kurasync');
        provider::get_users_in_context($userlist);
        $this->assertContains((int) $this->user->id, $userlist->get_userids());
    }

    public function test_events_about_somebody_are_exported(): void {
        $context = \core\context\system::instance();
        $this->export_context_data_for_user($this->user->id, $context, 'local_kurasync');
        $exported = writer::with_context($context)->get_data([get_string('pluginname', 'local_kurasync')]);
        $this->assertSame('\core\event\user_enrolment_created', $exported->events[0]['eventname']);
        $this->assertSame('Yes', $exported->events[0]['about_you']);
    }

    public function test_an_erasure_reaches_kurasync_and_nothing_else_names_the_person(): void {
        $contexts = [\core\context\system::instance()->id];
        provider::delete_data_for_user(
            new \core_privacy\local\request\approved_contextlist($this->user, 'local_kurasync', $contexts)
        );
        $naming = array_filter(outbox::waiting(100), fn(\stdClass $row): bool => $row->relateduserid == $this->user->id);
        $this->assertSame(['\local_kurasync\event\user_erased'], array_column($naming, 'eventname'));
        $names = array_column(outbox::waiting(100), 'eventname');
        $this->assertContains('\core\event\user_enrolment_created', $names, 'kurasync still looks at the course');
    }

    public function test_several_are_erased_at_once(): void {
        $other = $this->getDataGenerator()->create_user();
        outbox::clear();
        $ids = [(int) $this->user->id, (int) $other->id];
        provider::delete_data_for_users(
            new approved_userlist(\core\context\system::instance(), 'local_kurasync', $ids)
        );
        $this->assertEquals($ids, array_column(outbox::waiting(10), 'relateduserid'));
    }

    public function test_erasing_a_whole_context_empties_the_outbox(): void {
        provider::delete_data_for_all_users_in_context(\core\context\user::instance($this->user->id));
        $this->assertNotSame([], outbox::waiting(10));
        provider::delete_data_for_all_users_in_context(\core\context\system::instance());
        $this->assertSame([], outbox::waiting(10));
    }
}
