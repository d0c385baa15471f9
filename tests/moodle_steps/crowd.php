<?php
namespace kurasync_steps;

/** Many students in no time: straight into Moodle's tables, without events. All of them are in a group. */
function crowd(int $courseid, int $number, string $tag): void {
    global $DB;
    $now = time();
    $local = get_config('core', 'mnet_localhost_id');
    $DB->insert_records('user', array_map(fn($each) => [
        'auth' => 'manual', 'confirmed' => 1, 'mnethostid' => $local, 'username' => "crowd$each.$tag", 'idnumber' => "C$each",
        'firstname' => "Given$each", 'lastname' => "Family$each", 'email' => "crowd$each.$tag@example.edu",
        'timecreated' => $now, 'timemodified' => $now,
    ], range(1, $number)));
    $userids = of_crowd($tag);
    $group = group($courseid, "Crowd $tag");
    foreach ([
        'user_enrolments' => ['enrolid' => by_hand($courseid)->id, 'status' => 0, 'timecreated' => $now],
        'role_assignments' => ['roleid' => role_id('student'), 'contextid' => \context_course::instance($courseid)->id],
        'groups_members' => ['groupid' => $group, 'timeadded' => $now],
    ] as $table => $fields) {
        $DB->insert_records($table, array_map(fn($userid) => $fields + ['userid' => $userid], $userids));
    }
}

/** Take a crowd out of all tables again. */
function disperse(string $tag): void {
    global $DB;
    [$in, $userids] = $DB->get_in_or_equal(of_crowd($tag));
    foreach (['user_enrolments', 'role_assignments', 'groups_members'] as $table) {
        $DB->delete_records_select($table, "userid $in", $userids);
    }
    $DB->delete_records_select('user', "id $in", $userids);
}

function of_crowd(string $tag): array {
    global $DB;
    return $DB->get_fieldset_select('user', 'id', 'username LIKE ?', ["crowd%.$tag"]);
}
