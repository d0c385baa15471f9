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
 * Connects this site to kurasync in one go: service user, role, token, webhook secret. May be repeated at any time.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class setup {
    /** Name of the service user and short name of its role. */
    private const NAME = 'kurasync';

    /** Short name of the ready-made service (db/services.php). */
    private const SERVICE = 'local_kurasync';

    /** What kurasync calls a site: it stands in the address. */
    private const SITE_NAME = '/^(?!\d+$)[a-z0-9][a-z0-9_-]{0,63}$/';

    /** Exactly what the functions of the service need. */
    public const CAPABILITIES = [
        'webservice/rest:use',
        'moodle/course:view',
        'moodle/course:viewhiddencourses',
        'moodle/course:viewparticipants',
        'moodle/course:enrolreview',
        'moodle/course:managegroups',
        'moodle/course:useremail',
        'moodle/site:accessallgroups',
        'moodle/user:viewdetails',
        'moodle/user:viewalldetails',
        'moodle/grade:viewall',
        'moodle/grade:manage',
        'moodle/grade:edit',
        'gradereport/user:view',
    ];

    /**
     * Set everything up, keeping what is there already.
     *
     * @param string $url kurasync's address for this site's events
     * @param string $secret a webhook secret of kurasync's; empty: keep the present one, or make one
     * @param bool $enable switch web services and REST on
     * @param bool $newtoken end the present token and make another
     * @return array what `kurasync site add --file` reads; holds token and secret
     */
    public static function run(string $url, string $secret = '', bool $enable = false, bool $newtoken = false): array {
        global $CFG;
        $url = rtrim(trim($url), '/');
        $site = self::checked_site_name($url);
        $secret = self::checked_secret($secret);
        $user = self::user();
        role_assign(self::role(), $user->id, SYSCONTEXTID);
        if ($enable) {
            self::enable_web_services();
        }
        $token = self::token($user, $newtoken);
        connection::set_up($url, $secret);
        delivery_state::hurry();
        event\connection_changed::of('setup')->trigger();
        return [
            'name' => $site,
            'url' => $CFG->wwwroot,
            'token' => $token,
            'secret' => $secret,
            'wwwroot' => $CFG->wwwroot,
            'siteidentifier' => connection::identity(),
            'plugin' => (string) get_config('local_kurasync', 'version'),
        ];
    }

    /**
     * The result of run() as the text of its file.
     *
     * @param array $result
     * @return string JSON
     */
    public static function as_file(array $result): string {
        return json_encode($result, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR) . "\n";
    }

    /**
     * Why an address cannot be kurasync's.
     *
     * @param string $url
     * @return string in words; empty: it can
     */
    public static function fault_of_url(string $url): string {
        try {
            self::checked_site_name(rtrim(trim($url), '/'));
        } catch (\moodle_exception $e) {
            return $e->getMessage();
        }
        return '';
    }

    /**
     * Whether web services and REST are switched on.
     *
     * @return bool
     */
    public static function are_web_services_on(): bool {
        return array_key_exists('rest', \core\plugininfo\webservice::get_enabled_plugins());
    }

    /**
     * Take the service user and its role away.
     */
    public static function undo(): void {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/user/lib.php');
        $user = $DB->get_record('user', self::who() + ['auth' => 'webservice']);
        if ($user) {
            delete_user($user);
        }
        $role = $DB->get_field('role', 'id', ['shortname' => self::NAME]);
        if ($role) {
            delete_role($role);
        }
    }

    /**
     * The site's name in an address of kurasync's.
     *
     * @param string $url
     * @return string
     */
    private static function checked_site_name(string $url): string {
        $parts = parse_url($url);
        $isplain = is_array($parts) && !array_intersect_key($parts, array_flip(['query', 'fragment', 'user', 'pass']));
        $path = explode('/', $parts['path'] ?? '');
        $site = array_pop($path);
        $fits = $isplain && in_array($parts['scheme'] ?? '', ['http', 'https'], true) && ($parts['host'] ?? '') !== '';
        if (!$fits || array_pop($path) !== 'events' || !preg_match(self::SITE_NAME, $site)) {
            throw new \moodle_exception('error_url', 'local_kurasync');
        }
        return $site;
    }

    /**
     * The secret to use.
     *
     * @param string $given
     * @return string
     */
    private static function checked_secret(string $given): string {
        if ($given === '') {
            return connection::secret() ?: webhook::new_secret();
        }
        if (!webhook::is_secret($given)) {
            throw new \moodle_exception('error_secret', 'local_kurasync');
        }
        return $given;
    }

    /**
     * What identifies the service user.
     *
     * @return array
     */
    private static function who(): array {
        global $CFG;
        return ['username' => self::NAME, 'mnethostid' => $CFG->mnet_localhost_id, 'deleted' => 0];
    }

    /**
     * The service user, made where it is missing. It cannot log in: only its token opens anything.
     *
     * @return \stdClass
     */
    private static function user(): \stdClass {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/user/lib.php');
        $user = $DB->get_record('user', self::who());
        if (!$user) {
            $id = user_create_user((object) (self::who() + [
                'auth' => 'webservice',
                'password' => AUTH_PASSWORD_NOT_CACHED,
                'firstname' => 'kurasync',
                'lastname' => get_string('serviceuser', 'local_kurasync'),
                'email' => 'kurasync@example.invalid',
                'emailstop' => 1,
                'confirmed' => 1,
            ]), false);
            return \core_user::get_user($id, '*', MUST_EXIST);
        }
        if ($user->auth !== 'webservice') {
            throw new \moodle_exception('error_usertaken', 'local_kurasync', '', self::NAME);
        }
        if ($user->suspended) {
            user_update_user((object) ['id' => $user->id, 'suspended' => 0], false);
        }
        return $user;
    }

    /**
     * The role, with exactly the capabilities.
     *
     * @return int its id
     */
    private static function role(): int {
        global $DB;
        $role = $DB->get_field('role', 'id', ['shortname' => self::NAME]);
        if (!$role) {
            $about = get_string('role_description', 'local_kurasync');
            $role = create_role(get_string('role_name', 'local_kurasync'), self::NAME, $about);
            set_role_contextlevels($role, [CONTEXT_SYSTEM]);
        }
        $has = $DB->get_fieldset('role_capabilities', 'capability', ['roleid' => $role, 'contextid' => SYSCONTEXTID]);
        foreach (array_diff($has, self::CAPABILITIES) as $capability) {
            unassign_capability($capability, $role, SYSCONTEXTID);
        }
        foreach (self::CAPABILITIES as $capability) {
            assign_capability($capability, CAP_ALLOW, $role, SYSCONTEXTID, true);
        }
        return (int) $role;
    }

    /**
     * Switch web services and their REST protocol on.
     */
    private static function enable_web_services(): void {
        set_config('enablewebservices', 1);
        \core\plugininfo\webservice::enable_plugin('rest', 1);
    }

    /**
     * The service user's token for the ready-made service, which the user may call.
     *
     * @param \stdClass $user
     * @param bool $another not the present one
     * @return string
     */
    private static function token(\stdClass $user, bool $another): string {
        global $DB;
        $service = $DB->get_record('external_services', ['shortname' => self::SERVICE], '*', MUST_EXIST);
        $allowed = ['externalserviceid' => $service->id, 'userid' => $user->id];
        if (!$DB->record_exists('external_services_users', $allowed)) {
            $DB->insert_record('external_services_users', (object) ($allowed + ['timecreated' => time()]));
        }
        $of = $allowed + ['tokentype' => EXTERNAL_TOKEN_PERMANENT];
        if ($another) {
            $DB->delete_records('external_tokens', $of);
        }
        $present = $DB->get_field('external_tokens', 'token', $of + ['validuntil' => 0], IGNORE_MULTIPLE);
        return $present ?: \core_external\util::generate_token(
            EXTERNAL_TOKEN_PERMANENT,
            $service,
            (int) $user->id,
            \core\context\system::instance(),
            name: 'kurasync',
        );
    }
}
