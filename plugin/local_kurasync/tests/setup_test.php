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
 * The set-up makes everything kurasync needs, nothing more, and may be repeated.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\setup
 */
final class setup_test extends \advanced_testcase {
    /** Where events go. */
    private const URL = 'https://kurasync.example.edu/events/uni';

    #[\Override]
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->setAdminUser();
    }

    /**
     * The service user.
     *
     * @return \stdClass|false
     */
    private static function user() {
        global $DB;
        return $DB->get_record('user', ['username' => 'kurasync', 'deleted' => 0]);
    }

    public function test_the_token_opens_the_ready_made_service_for_a_user_who_cannot_log_in(): void {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/webservice/lib.php');
        $result = setup::run(self::URL, enable: true);
        $this->assertTrue(setup::are_web_services_on());
        $opened = (new \webservice())->authenticate_user($result['token']);
        $this->assertSame('local_kurasync', $opened['service']->shortname);
        $this->assertSame('kurasync', $opened['user']->username);
        $this->assertFalse(get_auth_plugin($opened['user']->auth)->user_login('kurasync', 'anything'));
        $this->assertEquals(0, $DB->get_field('external_tokens', 'validuntil', ['token' => $result['token']]));
    }

    public function test_the_role_has_exactly_the_capabilities(): void {
        global $DB;
        setup::run(self::URL);
        $role = $DB->get_field('role', 'id', ['shortname' => 'kurasync'], MUST_EXIST);
        assign_capability('moodle/site:config', CAP_ALLOW, $role, SYSCONTEXTID);
        setup::run(self::URL);
        $has = $DB->get_fieldset('role_capabilities', 'capability', ['roleid' => $role, 'permission' => CAP_ALLOW]);
        $this->assertEqualsCanonicalizing(setup::CAPABILITIES, $has);
        foreach (setup::CAPABILITIES as $capability) {
            $this->assertNotNull(get_capability_info($capability), $capability);
            $this->assertTrue(has_capability($capability, \core\context\system::instance(), self::user()), $capability);
        }
    }

    public function test_the_result_is_what_kurasync_reads(): void {
        global $CFG;
        $result = setup::run(self::URL . '/');
        $this->assertSame(
            ['name', 'url', 'token', 'secret', 'wwwroot', 'siteidentifier', 'plugin'],
            array_keys(json_decode(setup::as_file($result), true))
        );
        $this->assertSame(['uni', $CFG->wwwroot], [$result['name'], $result['url']]);
        $this->assertSame(hash('sha256', get_site_identifier()), $result['siteidentifier']);
        $this->assertTrue(webhook::is_secret($result['secret']));
        $this->assertSame([self::URL, $result['secret']], [connection::url(), connection::secret()]);
        $this->assertFalse(connection::is_clone());
    }

    public function test_repeating_it_keeps_user_role_token_and_secret(): void {
        global $DB;
        $first = setup::run(self::URL);
        $before = [$DB->count_records('user'), $DB->count_records('role'), $DB->count_records('role_assignments')];
        $this->assertSame($first, setup::run(self::URL));
        $after = [$DB->count_records('user'), $DB->count_records('role'), $DB->count_records('role_assignments')];
        $this->assertSame($before, $after);
    }

    public function test_a_new_token_ends_the_old_one_and_a_given_secret_is_used(): void {
        global $DB;
        $first = setup::run(self::URL);
        $secret = webhook::new_secret();
        $second = setup::run(self::URL, $secret, false, true);
        $this->assertNotSame($first['token'], $second['token']);
        $this->assertFalse($DB->record_exists('external_tokens', ['token' => $first['token']]));
        $this->assertSame($secret, $second['secret']);
    }

    public function test_web_services_stay_as_they_are_unless_asked(): void {
        set_config('enablewebservices', 0);
        setup::run(self::URL);
        $this->assertFalse(setup::are_web_services_on());
    }

    public function test_a_suspended_service_user_works_again(): void {
        global $DB;
        setup::run(self::URL);
        $DB->set_field('user', 'suspended', 1, ['id' => self::user()->id]);
        setup::run(self::URL);
        $this->assertEquals(0, self::user()->suspended);
    }

    public function test_a_person_called_kurasync_is_not_taken_for_the_service_user(): void {
        $this->getDataGenerator()->create_user(['username' => 'kurasync']);
        $this->expectExceptionMessage('Rename that one first');
        setup::run(self::URL);
    }

    /**
     * Addresses that are none of kurasync's.
     *
     * @return array
     */
    public static function wrong_urls(): array {
        return [
            'empty' => [''],
            'no scheme' => ['kurasync.example.edu/events/uni'],
            'another scheme' => ['ftp://kurasync.example.edu/events/uni'],
            'the front page' => ['https://kurasync.example.edu'],
            'no site' => ['https://kurasync.example.edu/events/'],
            'another way' => ['https://kurasync.example.edu/events/uni/local_webhooks'],
            'digits' => ['https://kurasync.example.edu/events/12'],
            'capitals' => ['https://kurasync.example.edu/events/Uni'],
            'a query' => ['https://kurasync.example.edu/events/uni?x=1'],
            'a password' => ['https://a:b@kurasync.example.edu/events/uni'],
        ];
    }

    /**
     * A wrong address changes nothing.
     *
     * @dataProvider wrong_urls
     * @param string $url
     */
    public function test_a_wrong_address_is_refused_and_nothing_is_made(string $url): void {
        $this->assertNotSame('', setup::fault_of_url($url));
        try {
            setup::run($url);
            $this->fail('it was taken');
        } catch (\moodle_exception $e) {
            $this->assertSame('error_url', $e->errorcode);
        }
        $this->assertFalse(self::user());
        $this->assertFalse(connection::is_set_up());
    }

    public function test_kurasync_below_a_path_is_fine(): void {
        $this->assertSame('', setup::fault_of_url('https://www.example.edu/kurasync/events/uni'));
    }

    public function test_undoing_it_leaves_neither_user_nor_role(): void {
        global $DB;
        setup::run(self::URL);
        setup::undo();
        $this->assertFalse(self::user());
        $this->assertFalse($DB->record_exists('role', ['shortname' => 'kurasync']));
        setup::undo();
    }

    public function test_it_is_logged_who_changed_the_connection(): void {
        $sink = $this->redirectEvents();
        setup::run(self::URL);
        $events = array_filter($sink->get_events(), fn($event) => $event instanceof event\connection_changed);
        $this->assertSame('setup', current($events)->other['change']);
        $this->assertEquals(get_admin()->id, current($events)->userid);
    }
}
