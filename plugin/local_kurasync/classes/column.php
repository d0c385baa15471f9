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

use grade_grade;
use grade_item;

/**
 * A column of ours in a gradebook: the grade item of one revision of a lesson.
 *
 * It has the identity that block_kuracloud gave it, so that a site which moves over keeps its columns. Only its name,
 * its maximum and its grades are ours: its place, weight, category and visibility are the teacher's.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class column {
    /** Written into Moodle's grade history. */
    private const SOURCE = 'local_kurasync';

    /** The longest name Moodle keeps. */
    private const NAME_LENGTH = 255;

    /** The highest maximum Moodle keeps. */
    private const HIGHEST = 99999.99999;

    /** @var array grades as they are now, by user id: value (float or null) and locked */
    private array $present = [];

    /**
     * A column that exists.
     *
     * @param grade_item $item
     */
    private function __construct(
        /** @var grade_item Moodle's side of it */
        private readonly grade_item $item,
    ) {
    }

    /**
     * All columns of ours in a course, ordered by id.
     *
     * @param int $courseid
     * @return self[]
     */
    public static function all(int $courseid): array {
        return self::fetch(['courseid' => $courseid]);
    }

    /**
     * The column of a revision; where somebody duplicated it, the oldest one.
     *
     * @param int $courseid
     * @param int $lessonid
     * @param int $revisionid
     * @return self|null
     */
    public static function find(int $courseid, int $lessonid, int $revisionid): ?self {
        return self::fetch(['courseid' => $courseid, 'iteminstance' => $lessonid, 'itemnumber' => $revisionid])[0] ?? null;
    }

    /**
     * Make the column of a revision.
     *
     * @param int $courseid
     * @param int $lessonid
     * @param int $revisionid
     * @param string $name
     * @param float $maximum
     * @return self
     */
    public static function create(int $courseid, int $lessonid, int $revisionid, string $name, float $maximum): self {
        $idnumber = "$lessonid-$revisionid";
        $item = new grade_item([
            'courseid' => $courseid,
            'itemtype' => 'manual',
            'itemmodule' => 'kuracloud',
            'iteminstance' => $lessonid,
            'itemnumber' => $revisionid,
            'itemname' => self::cleaned($name) ?: $idnumber,
            'idnumber' => grade_verify_idnumber($idnumber, $courseid) ? $idnumber : null,
            'gradetype' => GRADE_TYPE_VALUE,
            'grademin' => 0,
            'grademax' => self::checked_maximum($maximum),
        ], false);
        $item->insert(self::SOURCE);
        return new self($item);
    }

    /**
     * Change name and maximum where they differ.
     *
     * @param string|null $name null: leave it
     * @param float|null $maximum null: leave it
     * @return string updated, unchanged or locked
     */
    public function describe(?string $name, ?float $maximum): string {
        if (!$this->is_writable()) {
            return 'locked';
        }
        $name = self::cleaned($name ?? '') ?: $this->item->itemname;
        $maximum = $maximum === null ? (float) $this->item->grademax : self::checked_maximum($maximum);
        if ($name === $this->item->itemname && !grade_floats_different($maximum, (float) $this->item->grademax)) {
            return 'unchanged';
        }
        $this->item->itemname = $name;
        $this->item->grademax = $maximum;
        $this->item->update(self::SOURCE);
        return 'updated';
    }

    /**
     * Write and clear grades.
     *
     * @param array[] $grades each a userid, a grade (absent: clear) and what the caller saw as previous
     * @param bool[] $students who may have grades, by user id
     * @return array[] each a userid and its outcome
     */
    public function write(array $grades, array $students): array {
        $this->read_present(array_column($grades, 'userid'));
        return array_map(fn(array $grade): array => [
            'userid' => $grade['userid'],
            'outcome' => $this->write_grade($grade, isset($students[$grade['userid']])),
        ], $grades);
    }

    /**
     * Delete the column and its grades, unless somebody locked it or one of them, or made something else of it.
     *
     * @return string deleted or locked
     */
    public function delete(): string {
        if (!$this->is_writable() || in_array(true, array_column($this->grades(), 'locked'), true)) {
            return 'locked';
        }
        $this->item->delete(self::SOURCE);
        return 'deleted';
    }

    /**
     * Everything in the column.
     *
     * @return array as get_grades answers it
     */
    public function contents(): array {
        return [
            'id' => (int) $this->item->id,
            'lessonid' => (int) $this->item->iteminstance,
            'revisionid' => (int) $this->item->itemnumber,
            'name' => (string) $this->item->itemname,
            'maximum' => (float) $this->item->grademax,
            'locked' => !$this->is_writable(),
            'grades' => $this->grades(),
        ];
    }

    /**
     * The columns with certain properties, ordered by id.
     *
     * @param array $properties
     * @return self[]
     */
    private static function fetch(array $properties): array {
        global $CFG;
        require_once($CFG->libdir . '/gradelib.php');
        $items = grade_item::fetch_all(['itemtype' => 'manual', 'itemmodule' => 'kuracloud'] + $properties) ?: [];
        ksort($items);
        return array_map(fn(grade_item $item): self => new self($item), array_values($items));
    }

    /**
     * Every grade of the column, ordered by user.
     *
     * @return array[]
     */
    private function grades(): array {
        global $DB;
        $rows = $DB->get_records('grade_grades', ['itemid' => $this->item->id], 'userid');
        return array_map(fn(\stdClass $row): array => [
            'userid' => (int) $row->userid,
            'grade' => self::value_of($row),
            'locked' => $this->is_grade_locked($row),
            'modifier' => $row->usermodified === null ? null : (int) $row->usermodified,
        ], array_values($rows));
    }

    /**
     * Read the grades that are about to be written.
     *
     * @param int[] $userids
     */
    private function read_present(array $userids): void {
        $rows = $userids ? grade_grade::fetch_users_grades($this->item, $userids, false) : [];
        $this->present = array_map(fn(grade_grade $row): array => [
            'value' => self::value_of($row),
            'locked' => $this->is_grade_locked($row),
        ], $rows);
    }

    /**
     * Write or clear one grade, if it still is what the caller saw.
     *
     * @param array $grade
     * @param bool $isstudent
     * @return string written, unchanged, locked, changed or notenrolled
     */
    private function write_grade(array $grade, bool $isstudent): string {
        ['value' => $value, 'locked' => $islocked] = $this->present[$grade['userid']]
            ?? ['value' => null, 'locked' => !$this->is_writable()];
        $wanted = $this->item->bounded_grade(grade_floatval(self::checked($grade['grade'] ?? null)));
        return match (true) {
            !$this->is_writable() => 'locked',
            !$isstudent => 'notenrolled',
            $islocked => 'locked',
            !grade_floats_different($value, $wanted) => 'unchanged',
            grade_floats_different($value, self::checked($grade['previous'] ?? null)) => 'changed',
            default => $this->write_value($grade['userid'], $wanted),
        };
    }

    /**
     * Write a value or none.
     *
     * @param int $userid
     * @param float|null $wanted
     * @return string written or locked
     */
    private function write_value(int $userid, ?float $wanted): string {
        if (!$this->item->update_final_grade($userid, $wanted, self::SOURCE)) {
            return 'locked';
        }
        $this->present[$userid] = ['value' => $wanted, 'locked' => false];
        return 'written';
    }

    /**
     * Whether grades can be written: a teacher may have locked the column, or made it a formula or a scale.
     *
     * @return bool
     */
    private function is_writable(): bool {
        return !$this->is_locked() && $this->item->gradetype == GRADE_TYPE_VALUE && !$this->item->is_calculated();
    }

    /**
     * Whether the column is locked, or will be as soon as Moodle notices that its time has come.
     *
     * @return bool
     */
    private function is_locked(): bool {
        return $this->item->locked || self::is_past($this->item->locktime);
    }

    /**
     * Whether a grade or the whole column is locked.
     *
     * @param \stdClass|grade_grade $row
     * @return bool
     */
    private function is_grade_locked(object $row): bool {
        return $row->locked || self::is_past($row->locktime) || !$this->is_writable();
    }

    /**
     * Whether a moment is set and over.
     *
     * @param mixed $time unix time, 0: not set
     * @return bool
     */
    private static function is_past(mixed $time): bool {
        return $time && $time < time();
    }

    /**
     * The grade in a row.
     *
     * @param \stdClass|grade_grade $row
     * @return float|null
     */
    private static function value_of(object $row): ?float {
        return $row->finalgrade === null ? null : (float) $row->finalgrade;
    }

    /**
     * A number that is one: 1e999 is read as infinity, which would be taken for the maximum.
     *
     * @param float|null $number
     * @return float|null
     * @throws \invalid_parameter_exception
     */
    private static function checked(?float $number): ?float {
        if ($number !== null && !is_finite($number)) {
            throw new \invalid_parameter_exception('A grade must be a finite number.');
        }
        return $number;
    }

    /**
     * A maximum that Moodle can keep.
     *
     * @param float $maximum
     * @return float
     * @throws \invalid_parameter_exception
     */
    private static function checked_maximum(float $maximum): float {
        if (!($maximum >= 0 && $maximum <= self::HIGHEST)) {
            throw new \invalid_parameter_exception('A maximum must be between 0 and ' . self::HIGHEST . '.');
        }
        return $maximum;
    }

    /**
     * A name without markup, as long as Moodle keeps it.
     *
     * Moodle takes "<60" for the beginning of a tag, here and wherever it shows a name, and drops all that follows: a
     * space keeps it.
     *
     * @param string $name
     * @return string
     */
    private static function cleaned(string $name): string {
        $name = clean_param(preg_replace('/<(?![a-z\/!?])/iu', '< ', $name) ?? $name, PARAM_TEXT);
        return trim(\core_text::substr(trim($name), 0, self::NAME_LENGTH));
    }
}
