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
use local_kurasync\course_rights;
use local_kurasync\words;

/**
 * How a mapped course is: in step or not, what waits, and the buttons.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class mapped extends view {
    /** States of a plan that nobody has used yet. */
    private const FRESH = ['wanted', 'running', 'done'];

    /** States in which the course is looked at now, or in a moment. */
    private const AT_WORK = ['running', 'wanted'];

    /**
     * Constructor.
     *
     * @param url $page the course page
     * @param course_rights $rights of whoever looks
     * @param array $status kurasync's answer
     */
    public function __construct(
        /** @var url the course page */
        private readonly url $page,
        /** @var course_rights */
        private readonly course_rights $rights,
        /** @var array kurasync's answer */
        private readonly array $status,
    ) {
    }

    #[\Override]
    public function export_for_template(renderer_base $output): array {
        $mapping = $this->status['mapping'];
        return [
            'name' => $mapping['kura_course_name'],
            'number' => $mapping['kura_courseid'],
            'instance' => $mapping['instance_name'] ?? $mapping['instance'],
            'obstacle' => $this->obstacle(),
            'notstarted' => !$mapping['started'] && !$this->status['holds'],
            'working' => in_array($mapping['state'], self::AT_WORK, true),
            'againurl' => $this->page->out(false),
            'lastinstep' => words::moment($mapping['last_in_step']),
            'holds' => $this->holds(),
            'task' => $this->task(),
            'students' => $this->rights->syncusers ? $this->students($output) : null,
            'grades' => $this->rights->syncgrades ? $this->grades($output) : null,
            'removeurl' => $this->rights->map ? $this->to('remove') : null,
        ];
    }

    /**
     * What keeps kurasync from working on the course.
     *
     * @return string|null
     */
    private function obstacle(): ?string {
        ['obstacle' => $obstacle, 'obstacle_reason' => $reason] = $this->status['mapping'] + ['obstacle_reason' => null];
        return $obstacle === null ? null : words::of('obstacle', (string) $reason, $obstacle);
    }

    /**
     * What waits for a person, as far as this one may see it.
     *
     * @return array[]
     */
    private function holds(): array {
        $seen = array_filter($this->status['holds'], fn(array $hold): bool => $this->rights->may_sync($hold['kind']));
        return array_map(fn(array $hold): array => [
            'about' => words::of('kind', $hold['kind']),
            'since' => words::moment($hold['since']),
            'decided' => $hold['state'] !== 'open',
            'counts' => words::counted('planned', $hold['counts']),
            'url' => $this->to('hold', ['kind' => $hold['kind']]),
        ], array_values($seen));
    }

    /**
     * A plan that is being made, or that nobody has gone on from.
     *
     * @return array|null
     */
    private function task(): ?array {
        $task = $this->status['task'];
        if (!$task || !$this->rights->may_sync($task['kind']) || !in_array($task['state'], self::FRESH, true)) {
            return null;
        }
        $kind = $task['kind'];
        return [
            'message' => get_string("task_$kind", 'local_kurasync', words::moment($task['asked_at'])),
            'url' => $this->to('task', ['task' => $task['task']]),
        ];
    }

    /**
     * How it stands with the students.
     *
     * @param renderer_base $output
     * @return array
     */
    private function students(renderer_base $output): array {
        return $this->part('students', 'standing', $this->status['counts'], $this->status['mapping']['last_run']) + [
            'buttons' => [
                $this->act($output, ['act' => 'preview', 'kind' => 'roster'], 'course_sync_roster', true),
            ],
        ];
    }

    /**
     * How it stands with the grades.
     *
     * @param renderer_base $output
     * @return array
     */
    private function grades(renderer_base $output): array {
        $grades = $this->status['grades'] ?? [];
        return $this->part('grades', 'gradestanding', $grades['counts'] ?? [], $grades['last_run'] ?? null) + [
            'buttons' => [
                $this->act($output, ['act' => 'sync', 'kind' => 'grades'], 'course_sync_grades', true),
                $this->act($output, ['act' => 'preview', 'kind' => 'grades'], 'course_preview_grades'),
            ],
        ];
    }

    /**
     * One half of the course.
     *
     * @param string $view where all of it is shown
     * @param string $about what the counts are of
     * @param array $counts by standing
     * @param array|null $lastrun
     * @return array
     */
    private function part(string $view, string $about, array $counts, ?array $lastrun): array {
        return [
            'url' => $this->to($view),
            'counts' => standings::counted($about, $counts),
            'any' => (bool) array_filter($counts),
            'lastrun' => words::moment($lastrun['at'] ?? null),
            'lastmessage' => $lastrun['message'] ?? null,
        ];
    }

    /**
     * One of the buttons.
     *
     * @param renderer_base $output
     * @param array $given
     * @param string $label name of the string
     * @param bool $primary
     * @return \stdClass
     */
    private function act(renderer_base $output, array $given, string $label, bool $primary = false): \stdClass {
        return self::button($output, $this->page, $given, get_string($label, 'local_kurasync'), $primary);
    }

    /**
     * Where another view is.
     *
     * @param string $view
     * @param array $given
     * @return string
     */
    private function to(string $view, array $given = []): string {
        return (new url($this->page, ['view' => $view] + $given))->out(false);
    }
}
