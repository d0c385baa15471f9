<?php
namespace kurasync_steps;

require_once "$CFG->dirroot/course/lib.php";

/** A category, in which everything of one trial is. */
function category(string $name): int {
    return (int) \core_course_category::create(['name' => $name])->id;
}

/** The category with its courses, and what its recycle bin holds. */
function delete_category(int $categoryid): void {
    global $DB;
    foreach ($DB->get_fieldset('course', 'id', ['category' => $categoryid]) as $courseid) {
        delete_course($courseid, false);
    }
    (new \tool_recyclebin\category_bin($categoryid))->delete_all_items();
    \core_course_category::get($categoryid)->delete_full(false);
}

function course(int $categoryid, string $fullname, string $shortname): int {
    $fields = ['category' => $categoryid, 'fullname' => $fullname, 'shortname' => $shortname];
    return (int) create_course((object) $fields)->id;
}

/** Delete a course as a person does: it goes into the recycle bin. */
function remove_course(int $courseid): void {
    delete_course($courseid, false);
}

/** Take a course out of the recycle bin of its category. Returns its new id. */
function restore_course(int $categoryid, string $shortname): int {
    global $DB;
    $bin = new \tool_recyclebin\category_bin($categoryid);
    foreach ($bin->get_items() as $item) {
        if ($item->shortname === $shortname) {
            $bin->restore_item($item);
        }
    }
    return (int) $DB->get_field('course', 'id', ['shortname' => $shortname], MUST_EXIST);
}
