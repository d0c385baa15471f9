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

namespace block_kurasync\output;

use core\output\named_templatable;
use core\output\renderable;
use core\output\renderer_base;
use core\url;
use local_kurasync\course_rights;
use local_kurasync\words;

/**
 * How a course stands, at a glance.
 *
 * @package    block_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class glance implements named_templatable, renderable {
    /**
     * Constructor.
     *
     * @param int $courseid
     * @param course_rights $rights of whoever looks
     */
    public function __construct(
        /** @var int */
        private readonly int $courseid,
        /** @var course_rights */
        private readonly course_rights $rights,
    ) {
    }

    #[\Override]
    public function get_template_name(renderer_base $renderer): string {
        return 'block_kurasync/glance';
    }

    #[\Override]
    public function export_for_template(renderer_base $output): array {
        $page = new url('/local/kurasync/course.php', ['courseid' => $this->courseid]);
        $known = \local_kurasync\glance::of($this->courseid);
        $mapped = !empty($known['mapped']);
        return [
            'url' => $page->out(false),
            'unknown' => !$known,
            'refused' => $known['refused'] ?? null,
            'unmapped' => $known && !$mapped && !$known['refused'],
            'maymap' => $this->rights->map,
            'name' => $known['name'] ?? null,
            'obstacle' => isset($known['obstacle'])
                ? words::of('obstacle', (string) $known['obstaclereason'], $known['obstacle'])
                : null,
            'mapped' => $mapped,
            'lastinstep' => words::moment($known['lastinstep'] ?? null),
            'waiting' => array_map(fn(string $kind): array => [
                'message' => get_string("waiting_$kind", 'block_kurasync'),
                'url' => (new url($page, ['view' => 'hold', 'kind' => $kind]))->out(false),
            ], array_values(array_filter($known['waiting'] ?? [], $this->rights->may_sync(...)))),
        ];
    }
}
