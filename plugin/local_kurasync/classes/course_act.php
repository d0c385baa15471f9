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

use core\context\course;
use core\output\notification;
use core\url;

/**
 * What a button of the course page does: asked of kurasync, written into Moodle's log, told to whoever pressed it.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class course_act {
    /** The buttons. */
    private const ACTS = ['map', 'unmap', 'preview', 'go', 'sync', 'approve', 'reject'];

    /** What is brought in step. */
    private const KINDS = ['roster', 'grades'];

    /**
     * Constructor.
     *
     * @param course_client $client
     * @param course $context
     * @param course_rights $rights of whoever pressed it
     * @param url $page the course page
     * @param array $given the form: kind, task, digest, instance, course, mapping
     */
    public function __construct(
        /** @var course_client */
        private readonly course_client $client,
        /** @var course */
        private readonly course $context,
        /** @var course_rights */
        private readonly course_rights $rights,
        /** @var url the course page */
        private readonly url $page,
        /** @var array the form */
        private readonly array $given,
    ) {
    }

    /**
     * Do it.
     *
     * @param string $act one of ACTS
     * @return array the url to go on at, and a notification or null
     */
    public function perform(string $act): array {
        if (!in_array($act, self::ACTS, true) || !in_array($this->given['kind'], self::KINDS, true)) {
            throw new \moodle_exception('invalidaction', 'error');
        }
        $this->check($act);
        try {
            $went = $this->$act();
            event\course_steered::of($this->context, $act, $this->given['kind'])->trigger();
            return $went;
        } catch (refusal $refusal) {
            return [$this->page, new notification(s($refusal->in_words()), self::severity($refusal))];
        } finally {
            glance::forget((int) $this->context->instanceid);
        }
    }

    /**
     * Stop who may not do it.
     *
     * @param string $act
     */
    private function check(string $act): void {
        $right = match (true) {
            $act === 'map' || $act === 'unmap' => 'map',
            $this->given['kind'] === 'grades' => 'syncgrades',
            default => 'syncusers',
        };
        if (!$this->rights->$right) {
            throw new \required_capability_exception($this->context, "local/kurasync:$right", 'nopermissions', '');
        }
    }

    /**
     * How bad a refusal is: what is being done already, a second click asked for again.
     *
     * @param refusal $refusal
     * @return string a type of notification
     */
    private static function severity(refusal $refusal): string {
        return match (true) {
            $refusal->reason === 'used' => notification::NOTIFY_INFO,
            $refusal->passes => notification::NOTIFY_WARNING,
            default => notification::NOTIFY_ERROR,
        };
    }

    /**
     * Set the mapping up.
     *
     * @return array
     */
    private function map(): array {
        $this->client->ask('map', ['instance' => $this->given['instance'], 'course' => $this->given['course']]);
        return $this->done('map');
    }

    /**
     * Remove the mapping that was shown.
     *
     * @return array
     */
    private function unmap(): array {
        $answer = $this->client->ask('unmap', ['mapping' => $this->given['mapping']]);
        return empty($answer['given_back']) ? $this->done('unmap_kept', notification::NOTIFY_WARNING) : $this->done('unmap');
    }

    /**
     * Have a plan made, and go where it is shown.
     *
     * @return array
     */
    private function preview(): array {
        $answer = $this->client->ask('preview', ['kind' => $this->given['kind']]);
        return [new url($this->page, ['view' => 'task', 'task' => (int) $answer['task']]), null];
    }

    /**
     * Carry out the plan that was shown.
     *
     * @return array
     */
    private function go(): array {
        $this->require_kind($this->client->ask('task', ['task' => $this->given['task']])['kind'] ?? '');
        $this->client->ask('continue', ['task' => $this->given['task'], 'digest' => $this->given['digest']]);
        return $this->done('go');
    }

    /**
     * Have both sides looked at. A request for grades is kept in the outbox where kurasync cannot take it now.
     *
     * @return array
     */
    private function sync(): array {
        try {
            $this->client->ask('sync', ['kind' => $this->given['kind']]);
        } catch (refusal $refusal) {
            if ($this->given['kind'] !== 'grades' || !self::is_kept($refusal)) {
                throw $refusal;
            }
            event\grades_requested::of((int) $this->context->instanceid)->trigger();
            return $this->done('sync_later');
        }
        return $this->done("sync_{$this->given['kind']}");
    }

    /**
     * Whether an event can ask where the page could not: kurasync is away, or lets no page ask.
     *
     * @param refusal $refusal
     * @return bool
     */
    private static function is_kept(refusal $refusal): bool {
        return $refusal->passes || $refusal->reason === 'course_pages_off';
    }

    /**
     * Let go what waits.
     *
     * @return array
     */
    private function approve(): array {
        $this->client->ask('approve', ['kind' => $this->given['kind'], 'digest' => $this->given['digest']]);
        return $this->done('approve');
    }

    /**
     * Let it be.
     *
     * @return array
     */
    private function reject(): array {
        $this->client->ask('reject', ['kind' => $this->given['kind'], 'digest' => $this->given['digest']]);
        return $this->done('reject');
    }

    /**
     * Refuse a plan of another kind than the form says: the right for the one is not the right for the other.
     *
     * @param string $kind of the plan
     */
    private function require_kind(string $kind): void {
        if ($kind !== $this->given['kind']) {
            throw new \moodle_exception('invalidaction', 'error');
        }
    }

    /**
     * Back to the page, with what was done.
     *
     * @param string $what
     * @param string $type of notification
     * @return array
     */
    private function done(string $what, string $type = notification::NOTIFY_SUCCESS): array {
        return [$this->page, new notification(get_string("course_done_$what", 'local_kurasync'), $type)];
    }
}
