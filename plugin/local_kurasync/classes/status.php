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

use core\output\html_writer;
use core\output\notification;

/**
 * What the status page shows and what its buttons do.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class status {
    /** Rows that were set aside, shown at most. */
    private const SHOWN = 50;

    /** What each button does, by its name. */
    private const ACTIONS = ['test', 'deliver', 'putback', 'adopt', 'forget'];

    /**
     * Do what a button says.
     *
     * @param string $action one of ACTIONS
     * @return notification what to say about it
     */
    public static function act(string $action): notification {
        return in_array($action, self::ACTIONS, true)
            ? self::$action()
            : throw new \moodle_exception('invalidaction', 'error');
    }

    /**
     * What needs an administrator's attention.
     *
     * @return string[] in words
     */
    public static function warnings(): array {
        $url = connection::url();
        return array_keys(array_filter([
            get_string('warning_notsetup', 'local_kurasync') => !connection::is_set_up(),
            get_string('warning_clone', 'local_kurasync', get_config('local_kurasync', 'wwwroot')) => connection::is_clone(),
            get_string('warning_blocked', 'local_kurasync', s($url)) => $url !== '' && connection::is_blocked($url),
            get_string('warning_http', 'local_kurasync') => self::is_unencrypted($url),
            get_string('warning_webservices', 'local_kurasync') => !setup::are_web_services_on(),
        ]));
    }

    /**
     * How the connection is.
     *
     * @return string[] words by name
     */
    public static function facts(): array {
        $outbox = outbox::summary();
        $state = delivery_state::get();
        $facts = [
            'url' => connection::url() ?: '-',
            'waiting' => $outbox['waiting'],
            'oldest' => self::moment($outbox['oldest']),
            'setaside' => $outbox['setaside'],
            'dropped' => $state->dropped,
            'lastdelivery' => self::moment($state->lastdelivery),
            'lasterror' => $state->lasterror ?: '-',
            'lasterrortime' => self::moment($state->lasterrortime),
            'failures' => $state->failures,
            'nexttry' => self::moment($state->nexttry),
        ];
        $named = [];
        foreach ($facts as $name => $value) {
            $named[get_string("status_$name", 'local_kurasync')] = s($value);
        }
        return $named;
    }

    /**
     * The rows that were set aside.
     *
     * @return \core_table\output\html_table|null null: there are none
     */
    public static function set_aside_table(): ?\core_table\output\html_table {
        $rows = outbox::set_aside_rows(self::SHOWN);
        if (!$rows) {
            return null;
        }
        $table = new \core_table\output\html_table();
        $table->head = [
            get_string('eventname'),
            get_string('course'),
            get_string('time'),
            get_string('status_reason', 'local_kurasync'),
        ];
        foreach ($rows as $row) {
            $table->data[] = [s($row->eventname), $row->courseid, self::moment((int) $row->timecreated), s($row->reason)];
        }
        return $table;
    }

    /**
     * The buttons that make sense now.
     *
     * @return string[] names of actions
     */
    public static function actions(): array {
        if (!connection::is_set_up()) {
            return [];
        }
        if (connection::is_clone()) {
            return ['adopt', 'forget'];
        }
        return array_merge(['test', 'deliver'], outbox::summary()['setaside'] ? ['putback'] : []);
    }

    /**
     * Send an event that asks for nothing.
     *
     * @return notification
     */
    private static function test(): notification {
        event\test_sent::create()->trigger();
        return self::deliver();
    }

    /**
     * Deliver what waits, whenever the next try would be.
     *
     * @return notification
     */
    private static function deliver(): notification {
        delivery_state::hurry();
        (new delivery(new curl_transport()))->run(10, 5);
        $waiting = outbox::summary()['waiting'];
        if (!$waiting) {
            return new notification(get_string('done_delivered', 'local_kurasync'), notification::NOTIFY_SUCCESS);
        }
        $said = (object) ['waiting' => $waiting, 'error' => s(delivery_state::get()->lasterror)];
        return new notification(get_string('done_waiting', 'local_kurasync', $said), notification::NOTIFY_WARNING);
    }

    /**
     * Try again what was set aside.
     *
     * @return notification
     */
    private static function putback(): notification {
        outbox::put_back();
        return self::deliver();
    }

    /**
     * This is the real site now.
     *
     * @return notification
     */
    private static function adopt(): notification {
        connection::adopt();
        event\connection_changed::of('adopt')->trigger();
        return new notification(get_string('done_adopt', 'local_kurasync'), notification::NOTIFY_SUCCESS);
    }

    /**
     * This is a copy and shall never report.
     *
     * @return notification
     */
    private static function forget(): notification {
        connection::forget();
        event\connection_changed::of('forget')->trigger();
        return new notification(get_string('done_forget', 'local_kurasync'), notification::NOTIFY_SUCCESS);
    }

    /**
     * Whether events would travel readable for others.
     *
     * @param string $url
     * @return bool
     */
    private static function is_unencrypted(string $url): bool {
        $host = (string) parse_url($url, PHP_URL_HOST);
        $isown = in_array($host, ['localhost', '[::1]'], true) || str_starts_with($host, '127.');
        return parse_url($url, PHP_URL_SCHEME) === 'http' && !$isown;
    }

    /**
     * A moment for people.
     *
     * @param int $when unix time; 0: never
     * @return string
     */
    private static function moment(int $when): string {
        return $when ? userdate($when, get_string('strftimedatetimeaccurate', 'langconfig')) : '-';
    }
}
