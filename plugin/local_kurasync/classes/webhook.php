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
 * Standard Webhooks (https://www.standardwebhooks.com): secrets and signatures.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class webhook {
    /** What a secret begins with; base64 follows. */
    private const PREFIX = 'whsec_';

    /**
     * A new secret. Letters and digits alone: a double click takes it whole.
     *
     * @return string
     */
    public static function new_secret(): string {
        do {
            $key = base64_encode(random_bytes(30));
        } while (!ctype_alnum($key));
        return self::PREFIX . $key;
    }

    /**
     * Whether a text is a secret: the prefix and the base64 of 24 to 64 bytes.
     *
     * @param string $text
     * @return bool
     */
    public static function is_secret(string $text): bool {
        if (!str_starts_with($text, self::PREFIX)) {
            return false;
        }
        $key = base64_decode(substr($text, strlen(self::PREFIX)), true);
        return $key !== false && strlen($key) >= 24 && strlen($key) <= 64;
    }

    /**
     * The headers of a delivery.
     *
     * @param string $secret
     * @param string $id of the delivery: the same when the same is sent again
     * @param int $now unix time
     * @param string $body exactly what is sent
     * @return string[] by name
     */
    public static function headers(string $secret, string $id, int $now, string $body): array {
        $key = base64_decode(substr($secret, strlen(self::PREFIX)));
        return [
            'Content-Type' => 'application/json',
            // Moodle's curl would first ask whether it may send a body of more than 1 kB, and wait a second for the answer.
            'Expect' => '',
            'webhook-id' => $id,
            'webhook-timestamp' => (string) $now,
            'webhook-signature' => 'v1,' . base64_encode(hash_hmac('sha256', "$id.$now.$body", $key, true)),
        ];
    }
}
