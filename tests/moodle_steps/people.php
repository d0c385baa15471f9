<?php
namespace kurasync_steps;

require_once "$CFG->dirroot/user/lib.php";
require_once "$CFG->libdir/enrollib.php";
require_once "$CFG->dirroot/cohort/lib.php";

/** New accounts; each is given as its fields. Returns their ids. */
function people(array $accounts): array {
    $made = ['auth' => 'manual', 'confirmed' => 1, 'mnethostid' => get_config('core', 'mnet_localhost_id')];
    return array_map(fn($fields) => (int) user_create_user((object) ($fields + $made)), $accounts);
}

/** Fields of an account: names, e-mail, idnumber, `suspended`. */
function change_person(int $userid, array $fields): void {
    user_update_user((object) (['id' => $userid] + $fields), false);
}

function delete_people(array $userids): void {
    foreach ($userids as $userid) {
        delete_user(\core_user::get_user($userid));
    }
}

/** Enrol by hand, as students or in another role, and for so many seconds (0: for good). */
function enrol(int $courseid, array $userids, string $role = 'student', int $seconds = 0): void {
    $ends = $seconds ? time() + $seconds : 0;
    foreach ($userids as $userid) {
        enrol_get_plugin('manual')->enrol_user(by_hand($courseid), $userid, role_id($role), 0, $ends);
    }
}

function unenrol(int $courseid, array $userids): void {
    foreach ($userids as $userid) {
        enrol_get_plugin('manual')->unenrol_user(by_hand($courseid), $userid);
    }
}

function suspend_enrolment(int $courseid, int $userid, bool $suspended): void {
    $status = $suspended ? ENROL_USER_SUSPENDED : ENROL_USER_ACTIVE;
    enrol_get_plugin('manual')->update_user_enrol(by_hand($courseid), $userid, $status);
}

/** An enrolment in a transaction that fails. Returns how many events waited before it, within it and after it. */
function enrol_and_roll_back(int $courseid, int $userid): array {
    global $DB;
    $waiting = [outbox()['waiting']];
    $transaction = $DB->start_delegated_transaction();
    enrol($courseid, [$userid]);
    $waiting[] = outbox()['waiting'];
    try {
        $transaction->rollback(new \RuntimeException('rolled back on purpose'));
    } catch (\RuntimeException $e) {
        $waiting[] = outbox()['waiting'];
    }
    return $waiting;
}

/** A cohort of these people, in no course yet. */
function cohort(string $name, array $userids): int {
    $id = cohort_add_cohort((object) ['contextid' => \context_system::instance()->id, 'name' => $name]);
    foreach ($userids as $userid) {
        cohort_add_member($id, $userid);
    }
    return (int) $id;
}

/** Enrol a cohort as students who join a group. */
function enrol_cohort(int $courseid, int $cohortid, int $groupid): void {
    global $CFG;
    require_once "$CFG->dirroot/enrol/cohort/locallib.php";
    $fields = ['customint1' => $cohortid, 'customint2' => $groupid, 'roleid' => role_id('student')];
    enrol_get_plugin('cohort')->add_instance(get_course($courseid), $fields);
    enrol_cohort_sync(new \null_progress_trace(), $courseid);
}

function delete_cohort(int $cohortid): void {
    global $DB;
    cohort_delete_cohort($DB->get_record('cohort', ['id' => $cohortid], '*', MUST_EXIST));
}

function by_hand(int $courseid): \stdClass {
    global $DB;
    return $DB->get_record('enrol', ['courseid' => $courseid, 'enrol' => 'manual'], '*', MUST_EXIST);
}

function role_id(string $shortname): int {
    global $DB;
    return (int) $DB->get_field('role', 'id', ['shortname' => $shortname], MUST_EXIST);
}
