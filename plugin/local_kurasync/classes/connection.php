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
 * Where events go, what signs them, and the site they may come from.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class connection {
    /**
     * Whether the set-up has been done; cheap, for it is asked at every event.
     *
     * @return bool
     */
    public static function is_set_up(): bool {
        return (string) get_config('local_kurasync', 'url') !== '';
    }

    /**
     * kurasync's address for this site's events.
     *
     * @return string `https://kurasync.example.edu/events/<site>`; empty before the set-up
     */
    public static function url(): string {
        return (string) get_config('local_kurasync', 'url');
    }

    /**
     * kurasync's address for what is asked of this site's courses.
     *
     * @return string `https://kurasync.example.edu/courses/<site>`; empty before the set-up
     */
    public static function course_url(): string {
        return preg_replace('~/events/([^/]+)$~', '/courses/$1', self::url());
    }

    /**
     * The webhook secret.
     *
     * @return string `whsec_` and base64; empty before the set-up
     */
    public static function secret(): string {
        $stored = (string) get_config('local_kurasync', 'secret');
        return $stored === '' ? '' : \core\encryption::decrypt($stored);
    }

    /**
     * Connect this very site: events that it reports are delivered from now on.
     *
     * @param string $url
     * @param string $secret
     */
    public static function set_up(string $url, string $secret): void {
        set_config('secret', \core\encryption::encrypt($secret), 'local_kurasync');
        self::adopt();
        set_config('url', $url, 'local_kurasync');
    }

    /**
     * Make this the site that may report: its address and identity are what they are now.
     */
    public static function adopt(): void {
        global $CFG;
        set_config('wwwroot', $CFG->wwwroot, 'local_kurasync');
        set_config('identity', self::identity(), 'local_kurasync');
    }

    /**
     * Forget the connection and what waits: for a copy that shall never report.
     */
    public static function forget(): void {
        foreach (['url', 'secret', 'wwwroot', 'identity'] as $name) {
            unset_config($name, 'local_kurasync');
        }
        delivery_state::clear();
        outbox::clear();
    }

    /**
     * Whether this is a copy of the site that was connected: another address or another identity.
     *
     * @return bool
     */
    public static function is_clone(): bool {
        global $CFG;
        $known = get_config('local_kurasync');
        return self::is_set_up() && [$known->wwwroot ?? '', $known->identity ?? ''] !== [$CFG->wwwroot, self::identity()];
    }

    /**
     * What tells this Moodle from others, without giving Moodle's own identifier away.
     *
     * @return string SHA-256 of the site identifier, in hex
     */
    public static function identity(): string {
        return hash('sha256', get_site_identifier());
    }

    /**
     * Whether Moodle's HTTP security (Site administration > General > Security > HTTP security) blocks an address.
     *
     * @param string $url
     * @return bool
     */
    public static function is_blocked(string $url): bool {
        return (new \core\files\curl_security_helper())->url_is_blocked($url);
    }
}
