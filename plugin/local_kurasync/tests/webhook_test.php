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
 * Secrets and signatures are those of Standard Webhooks.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\webhook
 */
final class webhook_test extends \basic_testcase {
    public function test_it_signs_as_the_specification_shows(): void {
        // The example of the specification and its libraries.
        $headers = webhook::headers(
            'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
            'msg_p5jXN8AQM9LWM0D4loKWxJek',
            1614265330,
            '{"test": 2432232314}',
        );
        $this->assertSame('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=', $headers['webhook-signature']);
        $this->assertSame('1614265330', $headers['webhook-timestamp']);
    }

    public function test_a_new_secret_is_one_of_letters_and_digits_and_each_is_another(): void {
        $secret = webhook::new_secret();
        $this->assertTrue(webhook::is_secret($secret));
        $this->assertMatchesRegularExpression('/^whsec_[A-Za-z0-9]{40}$/', $secret);
        $this->assertNotSame($secret, webhook::new_secret());
    }

    /**
     * Texts that are no secrets.
     *
     * @return array
     */
    public static function no_secrets(): array {
        return [
            'empty' => [''],
            'no prefix' => [base64_encode(str_repeat('k', 30))],
            'too short' => ['whsec_' . base64_encode(str_repeat('k', 23))],
            'too long' => ['whsec_' . base64_encode(str_repeat('k', 65))],
            'no base64' => ['whsec_' . str_repeat('!', 40)],
        ];
    }

    /**
     * Nothing else is taken for a secret.
     *
     * @dataProvider no_secrets
     * @param string $text
     */
    public function test_what_is_no_secret_is_refused(string $text): void {
        $this->assertFalse(webhook::is_secret($text));
    }
}
