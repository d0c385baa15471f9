<?php
namespace kurasync_steps;

require_once "$CFG->dirroot/group/lib.php";

function group(int $courseid, string $name): int {
    return (int) groups_create_group((object) ['courseid' => $courseid, 'name' => $name]);
}

function rename_group(int $groupid, string $name): void {
    groups_update_group((object) ['id' => $groupid, 'courseid' => groups_get_group($groupid)->courseid, 'name' => $name]);
}

function join_group(int $groupid, int $userid): void {
    groups_add_member($groupid, $userid);
}

function leave_group(int $groupid, int $userid): void {
    groups_remove_member($groupid, $userid);
}
