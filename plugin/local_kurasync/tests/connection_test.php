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

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/fixtures/scripted_transport.php');

/**
 * A copy of the site stays silent until somebody says what it is.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\connection
 * @covers     \local_kurasync\status
 */
final class connection_test extends \advanced_testcase {
    #[\Override]
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->setAdminUser();
        connection::set_up('https://kurasync.example.edu/events/uni', webhook::new_secret());
    }

    /**
     * One run of the deliverer.
     *
     * @return int how many deliveries it made
     */
    private function deliveries(): int {
        $transport = new scripted_transport(scripted_transport::accepted());
        (new delivery($transport))->run(50, 20);
        return count($transport->deliveries);
    }

    public function test_another_address_makes_a_copy_and_a_copy_keeps_but_does_not_send(): void {
        global $CFG;
        $this->assertFalse(connection::is_clone());
        $CFG->wwwroot = 'https://staging.example.edu';
        $this->assertTrue(connection::is_clone());
        event\test_sent::create()->trigger();
        $this->assertSame(0, $this->deliveries());
        $this->assertSame(1, outbox::summary()['waiting']);
        $this->assertStringContainsString('taken for a copy', implode(status::warnings()));
        $this->assertSame(['adopt', 'forget'], status::actions());
    }

    public function test_another_identity_makes_a_copy(): void {
        set_config('siteidentifier', 'a-restored-database');
        $this->assertTrue(connection::is_clone());
        $this->assertSame(0, $this->deliveries());
    }

    public function test_the_real_site_at_a_new_address_delivers_what_waited(): void {
        global $CFG;
        $CFG->wwwroot = 'https://new.example.edu';
        event\test_sent::create()->trigger();
        status::act('adopt');
        $this->assertFalse(connection::is_clone());
        $this->assertSame(1, $this->deliveries());
    }

    public function test_a_copy_that_shall_never_report_forgets_the_connection(): void {
        global $CFG;
        $CFG->wwwroot = 'https://staging.example.edu';
        event\test_sent::create()->trigger();
        status::act('forget');
        $this->assertFalse(connection::is_set_up());
        $this->assertSame('', connection::secret());
        $this->assertSame(0, outbox::summary()['waiting']);
        event\test_sent::create()->trigger();
        $this->assertSame(0, outbox::summary()['waiting']);
    }

    public function test_the_secret_is_not_stored_readable(): void {
        $secret = webhook::new_secret();
        connection::set_up('https://kurasync.example.edu/events/uni', $secret);
        $this->assertSame($secret, connection::secret());
        $this->assertStringNotContainsString(substr($secret, 6), get_config('local_kurasync', 'secret'));
    }

    public function test_an_address_that_moodle_blocks_is_told(): void {
        set_config('curlsecurityallowedport', "443\n80");
        set_config('curlsecurityblockedhosts', '');
        connection::set_up('https://127.0.0.1:8443/events/uni', webhook::new_secret());
        $this->assertTrue(connection::is_blocked(connection::url()));
        $this->assertStringContainsString('HTTP security blocks', implode(status::warnings()));
        set_config('curlsecurityallowedport', "443\n8443");
        $this->assertFalse(connection::is_blocked(connection::url()));
    }

    public function test_an_address_without_encryption_is_told_unless_it_is_this_machine(): void {
        $unencrypted = get_string('warning_http', 'local_kurasync');
        connection::set_up('http://kurasync.example.edu/events/uni', webhook::new_secret());
        $this->assertContains($unencrypted, status::warnings());
        connection::set_up('http://127.0.0.1:8765/events/uni', webhook::new_secret());
        $this->assertNotContains($unencrypted, status::warnings());
    }

    public function test_the_status_shows_what_was_set_aside_with_its_reason(): void {
        $this->assertNull(status::set_aside_table());
        $this->assertSame(['test', 'deliver'], status::actions());
        event\test_sent::create()->trigger();
        outbox::set_aside((int) outbox::waiting(1)[0]->id, '<b>too large</b>', time());
        $this->assertSame(['test', 'deliver', 'putback'], status::actions());
        $this->assertStringContainsString('&lt;b&gt;too large', json_encode(status::set_aside_table()->data));
        $this->assertContains('1', status::facts());
    }

    public function test_an_unknown_button_is_refused(): void {
        $this->expectException(\moodle_exception::class);
        status::act('warnings');
    }
}
