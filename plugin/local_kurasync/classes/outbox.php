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

use core\event\base;
use core\event\course_restored;

/**
 * The events kurasync has not received yet, in the order in which they happened, and those it refused alone.
 *
 * Ids only: of an event's `other` (user_deleted has name and e-mail there) nothing but the number of a course is kept.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class outbox {
    /** The table. */
    public const TABLE = 'local_kurasync_outbox';

    /** What course_restored calls a restore that made a course: backup::TARGET_NEW_COURSE, whose file is not loaded here. */
    private const NEW_COURSE = 2;

    /** Length of the column `reason`. */
    private const LONGEST_REASON = 255;

    /**
     * Keep one event.
     *
     * @param base $event
     */
    public static function add(base $event): void {
        global $DB;
        $DB->insert_record(self::TABLE, (object) [
            'eventid' => \core\uuid::generate(),
            'eventname' => $event->eventname,
            'courseid' => (int) $event->courseid,
            'userid' => (int) $event->userid,
            'relateduserid' => $event->relateduserid,
            'objectid' => $event->objectid,
            'contextlevel' => (int) $event->contextlevel,
            'contextinstanceid' => (int) $event->contextinstanceid,
            'originalcourseid' => self::original($event),
            'timecreated' => (int) $event->timecreated,
        ], false);
    }

    /**
     * Of which course a new one was made, from the recycle bin or as a copy: kurasync may know that one.
     *
     * @param base $event
     * @return int|null
     */
    private static function original(base $event): ?int {
        if (!$event instanceof course_restored || ($event->other['target'] ?? null) != self::NEW_COURSE) {
            return null;
        }
        return (int) ($event->other['originalcourseid'] ?? 0) ?: null;
    }

    /**
     * The rows that wait, oldest first.
     *
     * @param int $most how many at most
     * @return \stdClass[] rows, numbered from 0
     */
    public static function waiting(int $most): array {
        global $DB;
        return array_values($DB->get_records(self::TABLE, ['timesetaside' => 0], 'id', '*', 0, $most));
    }

    /**
     * The rows that kurasync refused alone, newest first.
     *
     * @param int $most how many at most
     * @return \stdClass[] rows by id
     */
    public static function set_aside_rows(int $most): array {
        global $DB;
        return $DB->get_records_select(self::TABLE, 'timesetaside > 0', [], 'timesetaside DESC, id DESC', '*', 0, $most);
    }

    /**
     * Forget rows that were received.
     *
     * @param int[] $ids exactly these: a row with a lower id may be committed later
     */
    public static function remove(array $ids): void {
        global $DB;
        $DB->delete_records_list(self::TABLE, 'id', $ids);
    }

    /**
     * Put one row aside, so that it does not hold up the others.
     *
     * @param int $id
     * @param string $reason kurasync's words
     * @param int $now unix time
     */
    public static function set_aside(int $id, string $reason, int $now): void {
        global $DB;
        $DB->update_record(self::TABLE, (object) [
            'id' => $id,
            'timesetaside' => $now,
            'reason' => \core_text::substr($reason, 0, self::LONGEST_REASON),
        ]);
    }

    /**
     * Let all rows that were set aside wait again.
     */
    public static function put_back(): void {
        global $DB;
        $DB->execute('UPDATE {' . self::TABLE . '} SET timesetaside = 0, reason = NULL WHERE timesetaside > 0');
    }

    /**
     * Drop rows, waiting or set aside, that happened before a moment.
     *
     * @param int $before unix time
     * @return int how many
     */
    public static function drop_older(int $before): int {
        global $DB;
        $dropped = $DB->count_records_select(self::TABLE, 'timecreated < ?', [$before]);
        if ($dropped) {
            $DB->delete_records_select(self::TABLE, 'timecreated < ?', [$before]);
        }
        return $dropped;
    }

    /**
     * Forget who somebody is, but not that something happened in a course.
     *
     * @param int $userid
     */
    public static function forget_user(int $userid): void {
        global $DB;
        $DB->delete_records(self::TABLE, ['relateduserid' => $userid, 'courseid' => 0]);
        $DB->set_field(self::TABLE, 'relateduserid', null, ['relateduserid' => $userid]);
        $DB->set_field(self::TABLE, 'userid', 0, ['userid' => $userid]);
    }

    /**
     * Drop everything.
     */
    public static function clear(): void {
        global $DB;
        $DB->delete_records(self::TABLE);
    }

    /**
     * What local_kurasync_get_status and the status page show.
     *
     * @return array{waiting: int, oldest: int, setaside: int} oldest: unix time of the oldest row that waits, 0 when none does
     */
    public static function summary(): array {
        global $DB;
        return [
            'waiting' => $DB->count_records(self::TABLE, ['timesetaside' => 0]),
            'oldest' => (int) $DB->get_field(self::TABLE, 'MIN(timecreated)', ['timesetaside' => 0]),
            'setaside' => $DB->count_records_select(self::TABLE, 'timesetaside > 0'),
        ];
    }
}
