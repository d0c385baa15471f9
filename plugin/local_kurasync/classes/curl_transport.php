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

use core\hook\di_configuration;

/**
 * Carries deliveries with Moodle's own curl: proxy, certificates and HTTP security as the site has them.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class curl_transport implements transport {
    /** Seconds to wait for a connection. */
    private const CONNECT_SECONDS = 2;

    /**
     * Let it carry for whoever asks Moodle for a transport.
     *
     * @param di_configuration $hook
     */
    public static function provide(di_configuration $hook): void {
        $hook->add_definition(transport::class, fn(): transport => new curl_transport());
    }

    #[\Override]
    public function post(string $url, string $body, array $headers, int $seconds): answer {
        global $CFG;
        require_once($CFG->libdir . '/filelib.php');
        $curl = new \curl();
        foreach ($headers as $name => $value) {
            $curl->setHeader("$name: $value");
        }
        $content = $curl->post($url, $body, [
            'CURLOPT_CONNECTTIMEOUT' => min(self::CONNECT_SECONDS, $seconds),
            'CURLOPT_TIMEOUT' => $seconds,
            'CURLOPT_FOLLOWLOCATION' => 0,
            'CURLOPT_SSL_VERIFYPEER' => 1,
            'CURLOPT_SSL_VERIFYHOST' => 2,
        ]);
        $status = (int) ($curl->get_info()['http_code'] ?? 0);
        if ($curl->get_errno() || !$status) {
            return answer::none((string) $content);
        }
        return new answer($status, (string) $content, array_change_key_case($curl->getResponse()));
    }
}
