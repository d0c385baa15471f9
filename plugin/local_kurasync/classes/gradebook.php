<?php
// This file is part of Moodle - http://moodle.org/
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
// along with Moodle.  If not, see <http://www.gnu.org/licenses/>.

namespace local_kurasync;

/**
 * Our columns of one course's gradebook, written by one request at a time.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class gradebook {
    /** How long a request waits for another one that writes, in seconds. */
    private const PATIENCE = 20;

    /**
     * The gradebook of a course.
     *
     * @param \context_course $context
     */
    public function __construct(
        /** @var \context_course of the course */
        private readonly \context_course $context,
    ) {
    }

    /**
     * Make and change columns, write and clear grades: all that is asked, or where that fails nothing.
     *
     * @param array[] $items as save_grades takes them
     * @return array[] outcomes, as save_grades answers them
     */
    public function save(array $items): array {
        return $this->alone(function () use ($items): array {
            $students = array_fill_keys((new roster($this->context, time()))->students(), true);
            return array_map(fn(array $item): array => $this->save_item($item, $students), $items);
        });
    }

    /**
     * Delete columns.
     *
     * @param array[] $items as delete_items takes them
     * @return array[] outcomes, as delete_items answers them
     */
    public function delete(array $items): array {
        return $this->alone(fn(): array => array_map(fn(array $item): array => $item + [
            'outcome' => $this->find($item)?->delete() ?? 'absent',
        ], $items));
    }

    /**
     * Do a work in a transaction, while no other request writes our columns of this course; then regrade.
     *
     * Two requests at once would make a column twice: Moodle has no key against that.
     *
     * @param \Closure $work
     * @return array what the work gives
     */
    private function alone(\Closure $work): array {
        global $CFG, $DB;
        require_once($CFG->libdir . '/gradelib.php');
        $courseid = $this->context->instanceid;
        $lock = \core\lock\lock_config::get_lock_factory('local_kurasync')->get_lock("grades_$courseid", self::PATIENCE);
        if (!$lock) {
            throw new \moodle_exception('locktimeout', 'moodle');
        }
        try {
            $transaction = $DB->start_delegated_transaction();
            $outcomes = $work();
            $transaction->allow_commit();
            grade_regrade_final_grades($courseid);
            return $outcomes;
        } catch (\Throwable $e) {
            if (!empty($transaction) && !$transaction->is_disposed()) {
                $transaction->rollback($e);
            }
            throw $e;
        } finally {
            $lock->release();
        }
    }

    /**
     * Bring one column to what is asked, then its grades.
     *
     * @param array $item
     * @param bool[] $students who may have grades, by user id
     * @return array its outcome
     */
    private function save_item(array $item, array $students): array {
        [$column, $outcome] = $this->describe($item);
        return [
            'lessonid' => $item['lessonid'],
            'revisionid' => $item['revisionid'],
            'outcome' => $outcome,
            'grades' => $column ? $column->write($item['grades'], $students) : [],
        ];
    }

    /**
     * Make or change the column of an item.
     *
     * @param array $item
     * @return array the column (null: there is none), and what happened to it
     */
    private function describe(array $item): array {
        $name = $item['name'] ?? null;
        $maximum = $item['maximum'] ?? null;
        $column = $this->find($item);
        if ($column) {
            return [$column, $column->describe($name, $maximum)];
        }
        if ($name === null || $maximum === null) {
            return [null, 'absent'];
        }
        return [column::create($this->context->instanceid, $item['lessonid'], $item['revisionid'], $name, $maximum), 'created'];
    }

    /**
     * The column of an item.
     *
     * @param array $item
     * @return column|null
     */
    private function find(array $item): ?column {
        return column::find($this->context->instanceid, $item['lessonid'], $item['revisionid']);
    }
}
