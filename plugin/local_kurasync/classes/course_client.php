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
use core\di;

/**
 * Asks kurasync about one course, for one person: signed like the deliveries of the outbox, and answered at once.
 *
 * kurasync checks that the course is one of this site's and writes the person into its audit; what the person may do in
 * the course is checked here, by whoever calls this.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class course_client {
    /** Seconds to wait for what kurasync knows by itself. */
    private const SECONDS = 5;

    /** Seconds to wait where kurasync asks kuraCloud or this Moodle first. */
    private const SECONDS_OUTSIDE = 20;

    /** The verbs of which the latter is true. */
    private const OUTSIDE = ['candidates', 'map', 'unmap', 'sync'];

    /**
     * Constructor.
     *
     * @param transport $transport
     * @param clock $clock
     * @param int $courseid
     * @param int $userid who asks
     */
    public function __construct(
        /** @var transport */
        private readonly transport $transport,
        /** @var clock */
        private readonly clock $clock,
        /** @var int */
        private readonly int $courseid,
        /** @var int who asks */
        private readonly int $userid,
    ) {
    }

    /**
     * The one for a course and whoever is logged in.
     *
     * @param int $courseid
     * @return self
     */
    public static function of_course(int $courseid): self {
        global $USER;
        return new self(di::get(transport::class), di::get(clock::class), $courseid, (int) $USER->id);
    }

    /**
     * Ask, and wait for the answer.
     *
     * @param string $verb
     * @param array $arguments of the verb, by name
     * @param int|null $seconds to wait at most; null: what the verb needs
     * @return array the answer
     * @throws refusal with the reason why there is none
     */
    public function ask(string $verb, array $arguments = [], ?int $seconds = null): array {
        if (!connection::is_set_up() || connection::is_clone()) {
            throw new refusal('notconnected');
        }
        $body = $this->body($verb, $arguments);
        $id = 'msg_' . \core\uuid::generate();
        $headers = webhook::headers(connection::secret(), $id, $this->clock->time(), $body);
        $seconds ??= in_array($verb, self::OUTSIDE, true) ? self::SECONDS_OUTSIDE : self::SECONDS;
        $answer = $this->transport->post(connection::course_url(), $body, $headers, $seconds);
        return $answer->is_received() ? $answer->document() : throw refusal::of($answer);
    }

    /**
     * What goes over the wire.
     *
     * @param string $verb
     * @param array $arguments
     * @return string
     */
    private function body(string $verb, array $arguments): string {
        global $CFG;
        return json_encode([
            'type' => 'moodle.course',
            'timestamp' => gmdate('Y-m-d\TH:i:s\Z', $this->clock->time()),
            'data' => [
                'wwwroot' => $CFG->wwwroot,
                'courseid' => $this->courseid,
                'userid' => $this->userid,
                'verb' => $verb,
                'arguments' => (object) $arguments,
            ],
        ], JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
    }
}
