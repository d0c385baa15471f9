<?php
namespace kurasync_steps;

require_once "$CFG->libdir/gradelib.php";
require_once "$CFG->dirroot/grade/lib.php";

/** The columns of kuraCloud's as Moodle's gradebook has them; grades by user id. */
function gradebook(int $courseid): array {
    $items = \grade_item::fetch_all(['courseid' => $courseid, 'itemmodule' => 'kuracloud']) ?: [];
    return array_map(column(...), array_values($items));
}

function column(\grade_item $item): array {
    $grades = [];
    foreach (\grade_grade::fetch_all(['itemid' => $item->id]) ?: [] as $grade) {
        $grades[$grade->userid] = $grade->finalgrade === null ? null : (float) $grade->finalgrade;
    }
    return [
        'id' => (int) $item->id,
        'identity' => "$item->itemtype $item->itemmodule $item->iteminstance $item->itemnumber",
        'idnumber' => $item->idnumber,
        'name' => $item->itemname,
        'maximum' => (float) $item->grademax,
        'category' => (int) $item->categoryid,
        'place' => (int) $item->sortorder,
        'weight' => (float) $item->aggregationcoef2,
        'hidden' => (bool) $item->hidden,
        'regrading' => (bool) $item->needsupdate,
        'grades' => (object) $grades,
    ];
}

/** A grade that a person enters in the gradebook; null clears it. */
function grade_by_hand(int $itemid, int $userid, ?float $grade, int $grader): void {
    \core\session\manager::set_user(\core_user::get_user($grader));
    item($itemid)->update_final_grade($userid, $grade, 'gradebook', usermodified: $grader);
    \core\session\manager::set_user(get_admin());
}

function lock_item(int $itemid, bool $locked): void {
    item($itemid)->set_locked((int) $locked, false, true);
}

function lock_grade(int $itemid, int $userid, bool $locked): void {
    $grade = \grade_grade::fetch(['itemid' => $itemid, 'userid' => $userid]);
    $grade->load_grade_item();
    $grade->set_locked((int) $locked, false, true);
}

function rename_item(int $itemid, string $name): void {
    $item = item($itemid);
    $item->itemname = $name;
    $item->update('gradebook');
}

/** Hide a column and move it into a new category of the gradebook. Returns the category's id. */
function move_item(int $itemid, string $category): int {
    $item = item($itemid);
    $made = new \grade_category(['courseid' => $item->courseid, 'fullname' => $category], false);
    $made->insert();
    $item->set_parent($made->id);
    $item->set_hidden(1);
    return (int) $made->id;
}

/** What a teacher's press on "Ask for grades" does. */
function request_grades(int $courseid): void {
    \local_kurasync\event\grades_requested::of($courseid)->trigger();
}

function item(int $itemid): \grade_item {
    return \grade_item::fetch(['id' => $itemid]);
}
