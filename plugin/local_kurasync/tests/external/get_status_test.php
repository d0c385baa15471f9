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

use core_external\external_api;

/**
 * The status says what this site is, what waits, and what is missing.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\external\get_status
 * @covers     \local_kurasync\access
 */
final class get_status_test extends \advanced_testcase {
    #[\Override]
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->setAdminUser();
    }

    /**
     * Call the function.
     *
     * @return array its answer
     */
    private function status(): array {
        $_POST['sesskey'] = sesskey();
        return external_api::call_external_function('local_kurasync_get_status', [])['data'];
    }

    public function test_a_site_that_is_not_connected(): void {
        global $CFG;
        $plugin = new \stdClass();
        require($CFG->dirroot . '/local/kurasync/version.php');
        $this->assertSame([
            'plugin' => (string) $plugin->version,
            'release' => $plugin->release,
            'moodle' => $CFG->release,
            'php' => PHP_VERSION,
            'wwwroot' => $CFG->wwwroot,
            'siteidentifier' => hash('sha256', get_site_identifier()),
            'clone' => false,
            'outbox' => ['waiting' => 0, 'oldest' => 0, 'setaside' => 0, 'lastdelivery' => 0, 'lasterror' => ''],
            'missing' => [],
        ], $this->status());
    }

    public function test_what_waits_is_counted(): void {
        \local_kurasync\connection::set_up('https://kurasync.example.edu/events/uni', \local_kurasync\webhook::new_secret());
        \local_kurasync\event\test_sent::create()->trigger();
        $outbox = $this->status()['outbox'];
        $this->assertSame([1, 0], [$outbox['waiting'], $outbox['setaside']]);
        $this->assertEqualsWithDelta(time(), $outbox['oldest'], 60);
    }

    public function test_a_copy_of_the_site_says_so(): void {
        global $CFG;
        \local_kurasync\connection::set_up('https://kurasync.example.edu/events/uni', \local_kurasync\webhook::new_secret());
        $CFG->wwwroot = 'https://staging.example.edu';
        $this->assertTrue($this->status()['clone']);
    }

    public function test_missing_capabilities_are_named(): void {
        $this->setUser($this->getDataGenerator()->create_user());
        $missing = $this->status()['missing'];
        $this->assertContains('moodle/grade:edit', $missing);
        $this->assertContains('moodle/user:viewalldetails', $missing);
    }
}
