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

use core\clock;

/**
 * Takes the outbox to kurasync: in order, in batches, one deliverer at a time over all of the site's machines.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class delivery {
    /** Events in one request. */
    public const BATCH = 500;

    /** Seconds after which an event is dropped: kurasync compares everything by itself long before. */
    private const KEPT = 30 * DAYSECS;

    /** Seconds that the lock of a deliverer that died may stay, where locks do not end with their process. */
    private const LOCK_LIFETIME = 300;

    /** @var clock */
    private readonly clock $clock;

    /**
     * Constructor.
     *
     * @param transport $transport
     */
    public function __construct(
        /** @var transport */
        private readonly transport $transport,
    ) {
        $this->clock = \core\di::get(clock::class);
    }

    /**
     * Deliver what waits, unless another process does, the next try is not due, or this is a copy of the site.
     *
     * @param int $seconds to spend at most
     * @param int $patience seconds to wait for one answer at most
     */
    public function run(int $seconds, int $patience): void {
        if (!$this->may_deliver()) {
            return;
        }
        $lock = \core\lock\lock_config::get_lock_factory('local_kurasync')->get_lock('delivery', 0, self::LOCK_LIFETIME);
        if (!$lock) {
            return;
        }
        try {
            $this->deliver($this->clock->time() + $seconds, $patience);
        } finally {
            $lock->release();
        }
    }

    /**
     * Whether anything may leave this site now.
     *
     * @return bool
     */
    private function may_deliver(): bool {
        return connection::is_set_up() && !connection::is_clone() && delivery_state::is_due($this->clock->time());
    }

    /**
     * Batch after batch, until nothing waits, the time is up, or kurasync does not take any.
     *
     * @param int $until unix time
     * @param int $patience
     */
    private function deliver(int $until, int $patience): void {
        delivery_state::count_dropped(outbox::drop_older($this->clock->time() - self::KEPT));
        $most = self::BATCH;
        // Again, now that the lock is held: another process may just have failed.
        while ($this->may_deliver() && $this->clock->time() < $until && ($rows = outbox::waiting($most))) {
            $answer = $this->post($rows, min($patience, $until - $this->clock->time()));
            if ($answer->is_received()) {
                $this->settle($rows, $answer);
                $most = min(self::BATCH, 2 * $most);
            } else if ($answer->refuses_content()) {
                $most = $this->narrow($rows, $answer);
            } else {
                $now = $this->clock->time();
                delivery_state::failed($answer->in_words(), $answer->retry_after($now), $now);
            }
        }
    }

    /**
     * Send some rows as one delivery.
     *
     * @param \stdClass[] $rows
     * @param int $seconds
     * @return answer
     */
    private function post(array $rows, int $seconds): answer {
        global $CFG;
        $now = $this->clock->time();
        $body = json_encode([
            'type' => 'moodle.events',
            'timestamp' => gmdate('Y-m-d\TH:i:s\Z', $now),
            'data' => ['wwwroot' => $CFG->wwwroot, 'events' => array_map([self::class, 'on_the_wire'], $rows)],
        ], JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
        $id = 'msg_' . hash('sha256', implode(' ', array_column($rows, 'eventid')));
        $headers = webhook::headers(connection::secret(), $id, $now, $body);
        return $this->transport->post(connection::url(), $body, $headers, $seconds);
    }

    /**
     * kurasync has the rows; those it names as unusable are set aside.
     *
     * @param \stdClass[] $rows
     * @param answer $answer
     */
    private function settle(array $rows, answer $answer): void {
        $rejected = $this->set_aside($rows, $answer->rejected());
        outbox::remove(array_diff(array_column($rows, 'id'), $rejected));
        delivery_state::succeeded($this->clock->time());
    }

    /**
     * kurasync cannot take these rows together: set aside those it names, or the only one, or send fewer.
     *
     * @param \stdClass[] $rows
     * @param answer $answer
     * @return int how many to send next
     */
    private function narrow(array $rows, answer $answer): int {
        if ($this->set_aside($rows, $answer->rejected())) {
            return self::BATCH;
        }
        if (count($rows) === 1) {
            $this->set_aside($rows, [$answer->in_words()]);
        }
        return max(1, intdiv(count($rows), 2));
    }

    /**
     * Set aside the rows that were refused.
     *
     * @param \stdClass[] $rows
     * @param string[] $reasons by place among the rows
     * @return int[] their ids
     */
    private function set_aside(array $rows, array $reasons): array {
        $refused = array_intersect_key($rows, $reasons);
        foreach ($refused as $place => $row) {
            outbox::set_aside((int) $row->id, $reasons[$place], $this->clock->time());
        }
        return array_column($refused, 'id');
    }

    /**
     * A row as kurasync reads it (docs/events.md).
     *
     * @param \stdClass $row
     * @return array
     */
    private static function on_the_wire(\stdClass $row): array {
        return [
            'id' => $row->eventid,
            'eventname' => $row->eventname,
            'courseid' => (int) $row->courseid,
            'userid' => (int) $row->userid,
            'relateduserid' => $row->relateduserid === null ? null : (int) $row->relateduserid,
            'objectid' => $row->objectid === null ? null : (int) $row->objectid,
            'contextlevel' => (int) $row->contextlevel,
            'contextinstanceid' => (int) $row->contextinstanceid,
            'timecreated' => (int) $row->timecreated,
        ] + ($row->originalcourseid === null ? [] : ['other' => ['originalcourseid' => (int) $row->originalcourseid]]);
    }
}
