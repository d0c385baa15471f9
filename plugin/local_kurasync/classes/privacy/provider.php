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

use core_privacy\local\metadata\collection;
use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\contextlist;
use core_privacy\local\request\transform;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;
use local_kurasync\connection;
use local_kurasync\event\user_erased;
use local_kurasync\outbox;

/**
 * What is kept of people (ids, until they are delivered), and what goes to kuraCloud.
 *
 * An erasure concerns kuraCloud whether or not anything waits here: so everybody has the system's context, and kurasync
 * is told by an event of its own.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class provider implements
    \core_privacy\local\metadata\provider,
    \core_privacy\local\request\core_userlist_provider,
    \core_privacy\local\request\plugin\provider {
    #[\Override]
    public static function get_metadata(collection $collection): collection {
        $collection->add_database_table(outbox::TABLE, [
            'eventname' => 'privacy:metadata:outbox:eventname',
            'courseid' => 'privacy:metadata:outbox:courseid',
            'userid' => 'privacy:metadata:outbox:userid',
            'relateduserid' => 'privacy:metadata:outbox:relateduserid',
            'objectid' => 'privacy:metadata:outbox:objectid',
            'timecreated' => 'privacy:metadata:outbox:timecreated',
        ], 'privacy:metadata:outbox');
        $collection->add_external_location_link('kuracloud', [
            'firstname' => 'privacy:metadata:kuracloud:firstname',
            'lastname' => 'privacy:metadata:kuracloud:lastname',
            'email' => 'privacy:metadata:kuracloud:email',
            'idnumber' => 'privacy:metadata:kuracloud:idnumber',
            'section' => 'privacy:metadata:kuracloud:section',
        ], 'privacy:metadata:kuracloud');
        $collection->add_external_location_link('kurasync', [
            'userid' => 'privacy:metadata:kurasync:userid',
            'courseid' => 'privacy:metadata:kurasync:courseid',
        ], 'privacy:metadata:kurasync');
        return $collection;
    }

    #[\Override]
    public static function get_contexts_for_userid(int $userid): contextlist {
        $list = new contextlist();
        return connection::is_set_up() ? $list->add_system_context() : $list;
    }

    #[\Override]
    public static function get_users_in_context(userlist $userlist): void {
        if ($userlist->get_context() instanceof \core\context\system) {
            $userlist->add_from_sql('userid', 'SELECT userid FROM {' . outbox::TABLE . '} WHERE userid > 0', []);
            $related = 'SELECT relateduserid FROM {' . outbox::TABLE . '} WHERE relateduserid > 0';
            $userlist->add_from_sql('relateduserid', $related, []);
        }
    }

    #[\Override]
    public static function export_user_data(approved_contextlist $contextlist): void {
        $events = self::events_of($contextlist->get_user()->id);
        if (!$events) {
            return;
        }
        foreach ($contextlist->get_contexts() as $context) {
            if ($context instanceof \core\context\system) {
                $where = [get_string('pluginname', 'local_kurasync')];
                writer::with_context($context)->export_data($where, (object) ['events' => $events]);
            }
        }
    }

    #[\Override]
    public static function delete_data_for_all_users_in_context(\context $context): void {
        // The system's context holds everybody: Moodle never asks for it.
        if ($context instanceof \core\context\system) {
            outbox::clear();
        }
    }

    #[\Override]
    public static function delete_data_for_user(approved_contextlist $contextlist): void {
        foreach ($contextlist->get_contexts() as $context) {
            if ($context instanceof \core\context\system) {
                self::erase((int) $contextlist->get_user()->id);
            }
        }
    }

    #[\Override]
    public static function delete_data_for_users(approved_userlist $userlist): void {
        if ($userlist->get_context() instanceof \core\context\system) {
            foreach ($userlist->get_userids() as $userid) {
                self::erase((int) $userid);
            }
        }
    }

    /**
     * Forget somebody here, and have kurasync do the same.
     *
     * @param int $userid
     */
    private static function erase(int $userid): void {
        outbox::forget_user($userid);
        user_erased::of($userid)->trigger();
    }

    /**
     * The events that name somebody, for people.
     *
     * @param int $userid
     * @return array
     */
    private static function events_of(int $userid): array {
        global $DB;
        $rows = $DB->get_records_select(outbox::TABLE, 'userid = ? OR relateduserid = ?', [$userid, $userid], 'id');
        return array_values(array_map(fn(\stdClass $row): array => [
            'eventname' => $row->eventname,
            'courseid' => $row->courseid,
            'by_you' => transform::yesno($row->userid == $userid),
            'about_you' => transform::yesno($row->relateduserid == $userid),
            'timecreated' => transform::datetime($row->timecreated),
        ], $rows));
    }
}
