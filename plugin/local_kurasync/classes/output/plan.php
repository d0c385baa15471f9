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

namespace local_kurasync\output;

use core\output\renderer_base;
use core\url;
use local_kurasync\words;

/**
 * What a run would do, before somebody lets it ("Continue"); or that it is still being found out.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class plan extends view {
    /** Seconds between two looks at a plan that is being made. */
    private const LOOK = 2;

    /**
     * Constructor.
     *
     * @param url $page the course page
     * @param array $task kurasync's answer
     */
    public function __construct(
        /** @var url the course page */
        private readonly url $page,
        /** @var array kurasync's answer */
        private readonly array $task,
    ) {
    }

    #[\Override]
    public function refreshes(): ?int {
        return $this->is_being_made() ? self::LOOK : null;
    }

    #[\Override]
    public function export_for_template(renderer_base $output): array {
        $task = $this->task;
        $kind = $task['kind'];
        $failed = $task['state'] === 'failed';
        $empty = $this->is_shown() && !$task['counts'];
        return [
            'title' => get_string("plan_of_$kind", 'local_kurasync'),
            'askedat' => words::moment($task['asked_at']),
            'beingmade' => $this->is_being_made(),
            'failed' => $failed ? (string) $task['message'] : null,
            'used' => $task['state'] === 'used',
            'nothing' => $empty ? get_string("plan_nothing_$kind", 'local_kurasync') : null,
            'parts' => $this->is_shown() ? sections::export($task['sections']) : [],
            'go' => $task['state'] === 'done' && $task['counts'] ? $this->go($output) : null,
            'again' => $this->is_being_made() ? null : $this->again($output),
            'backurl' => $this->page->out(false),
        ];
    }

    /**
     * Whether there is nothing to see yet.
     *
     * @return bool
     */
    private function is_being_made(): bool {
        return in_array($this->task['state'], ['wanted', 'running'], true);
    }

    /**
     * Whether there is a plan.
     *
     * @return bool
     */
    private function is_shown(): bool {
        return in_array($this->task['state'], ['done', 'used'], true);
    }

    /**
     * The button to carry it out.
     *
     * @param renderer_base $output
     * @return \stdClass
     */
    private function go(renderer_base $output): \stdClass {
        $given = ['act' => 'go'] + array_intersect_key($this->task, array_flip(['kind', 'task', 'digest']));
        return self::button($output, $this->page, $given, get_string('continue'), true);
    }

    /**
     * The button to have another look.
     *
     * @param renderer_base $output
     * @return \stdClass
     */
    private function again(renderer_base $output): \stdClass {
        $given = ['act' => 'preview', 'kind' => $this->task['kind']];
        return self::button($output, $this->page, $given, get_string('plan_again', 'local_kurasync'));
    }
}
