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

use core\url;
use local_kurasync\output\view;

/**
 * What the course page shows: asked of kurasync, as far as whoever looks may see it.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class course_views {
    /** Students, or students' grades, on one page. */
    private const PAGE = 100;

    /** The views that are shown to whoever may do something; each has a method. */
    private const VIEWS = ['overview', 'chosen', 'remove', 'task', 'hold', 'students', 'grades'];

    /** Which right a view needs; the others look at it themselves. */
    private const NEEDS = [
        'chosen' => 'map',
        'remove' => 'map',
        'students' => 'syncusers',
        'grades' => 'syncgrades',
    ];

    /**
     * Constructor.
     *
     * @param course_client $client
     * @param course_rights $rights of whoever looks
     * @param url $page the course page
     * @param array $given the query: search, instance, course, name, task, kind, after
     */
    public function __construct(
        /** @var course_client */
        private readonly course_client $client,
        /** @var course_rights */
        private readonly course_rights $rights,
        /** @var url the course page */
        private readonly url $page,
        /** @var array the query */
        private readonly array $given,
    ) {
    }

    /**
     * One of the views; the reason instead, where kurasync does not answer.
     *
     * @param string $view one of VIEWS
     * @return view
     */
    public function show(string $view): view {
        $this->require_right(in_array($view, self::VIEWS, true), self::NEEDS[$view] ?? null);
        try {
            return $this->$view();
        } catch (refusal $refusal) {
            return new output\unanswered($this->page, $this->rights, $refusal);
        }
    }

    /**
     * How the course is; where it is not mapped, how to do it.
     *
     * @return view
     */
    private function overview(): view {
        $status = $this->client->ask('status');
        if ($status['mapping']) {
            return new output\mapped($this->page, $this->rights, $status);
        }
        return $this->rights->map ? $this->choose() : new output\unmapped();
    }

    /**
     * The kuraCloud courses to choose from.
     *
     * @return view
     */
    private function choose(): view {
        $found = $this->client->ask('candidates', ['search' => $this->given['search']]);
        return new output\candidates($this->page, $this->given['search'], $found);
    }

    /**
     * The course that was chosen, before it is mapped.
     *
     * @return view
     */
    private function chosen(): view {
        return new output\chosen($this->page, $this->given['instance'], $this->given['course'], $this->given['name']);
    }

    /**
     * The question before a mapping is removed.
     *
     * @return view
     */
    private function remove(): view {
        $status = $this->client->ask('status');
        return $status['mapping'] ? new output\removal($this->page, $status['mapping']) : $this->overview();
    }

    /**
     * A plan, or that it is being made.
     *
     * @return view
     */
    private function task(): view {
        $task = $this->client->ask('task', ['task' => $this->given['task']]);
        $this->require_right($this->rights->may_sync($task['kind']));
        return new output\plan($this->page, $task);
    }

    /**
     * What waits for a person.
     *
     * @return view
     */
    private function hold(): view {
        $this->require_right($this->rights->may_sync($this->given['kind']));
        foreach ($this->client->ask('status')['holds'] as $hold) {
            if ($hold['kind'] === $this->given['kind']) {
                return new output\hold($this->page, $hold);
            }
        }
        return $this->overview();
    }

    /**
     * How it stands with each student.
     *
     * @return view
     */
    private function students(): view {
        return new output\students($this->page, $this->client->ask('students', $this->place()));
    }

    /**
     * Where each grade is and why.
     *
     * @return view
     */
    private function grades(): view {
        return new output\grades($this->page, $this->client->ask('grades', $this->place()));
    }

    /**
     * Which part of a list is asked for.
     *
     * @return array
     */
    private function place(): array {
        return ['limit' => self::PAGE] + ($this->given['after'] === '' ? [] : ['after' => $this->given['after']]);
    }

    /**
     * Stop who asks for what there is not, or may not see it.
     *
     * @param bool $fits
     * @param string|null $right
     */
    private function require_right(bool $fits, ?string $right = null): void {
        if (!$fits || ($right && !$this->rights->$right)) {
            throw new \moodle_exception('nopermissiontoshow', 'error');
        }
    }
}
