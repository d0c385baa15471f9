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
 * Who is in a course, straight from the tables: 5,000 students in a fraction of a second.
 *
 * An enrolment is active when its method is enabled, it is not suspended, and it has begun and not ended.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class roster {
    /** Enrolments of a course that are not of deleted accounts; :courseid. */
    private const ENROLMENTS = '{enrol} e
        JOIN {user_enrolments} ue ON ue.enrolid = e.id AND e.courseid = :courseid
        JOIN {user} u ON u.id = ue.userid AND u.deleted = 0';

    /** Which of them count, whatever their dates; :enabled, :active. */
    private const SWITCHED_ON = 'e.status = :enabled AND ue.status = :active';

    /** Which of them are active now; :enabled, :active, :started, :unended. */
    private const ACTIVE = self::SWITCHED_ON . ' AND ue.timestart <= :started AND (ue.timeend = 0 OR ue.timeend > :unended)';

    /**
     * The roster of a course at a moment.
     *
     * @param \context_course $context
     * @param int $now unix time
     */
    public function __construct(
        /** @var \context_course of the course */
        private readonly \context_course $context,
        /** @var int unix time */
        private readonly int $now,
    ) {
    }

    /**
     * Everybody with an enrolment of any state, ordered by id.
     *
     * @param int[] $userids only these; empty: everybody
     * @param string $capability whether each may do this in the course is told as well; empty: it is not
     * @return array[] as get_roster answers them
     */
    public function users(array $userids = [], string $capability = ''): array {
        global $DB;
        [$which, $ids] = $this->only($userids);
        $rows = $DB->get_records_sql(
            'SELECT u.id, u.firstname, u.lastname, u.email, u.idnumber, u.suspended,
                    MAX(CASE WHEN ' . self::ACTIVE . ' THEN 1 ELSE 0 END) AS active
               FROM ' . self::ENROLMENTS . "
              WHERE $which
           GROUP BY u.id, u.firstname, u.lastname, u.email, u.idnumber, u.suspended
           ORDER BY u.id",
            $this->parameters() + $ids,
        );
        $roles = $this->roles($which, $ids);
        $groups = $this->groups($which, $ids);
        $capable = $capability === '' ? [] : $this->capable($capability, $which, $ids);
        return array_map(fn(\stdClass $row): array => [
            'id' => (int) $row->id,
            'firstname' => $row->firstname,
            'lastname' => $row->lastname,
            'email' => $row->email,
            'idnumber' => $row->idnumber,
            'suspended' => (bool) $row->suspended,
            'active' => (bool) $row->active,
            'roles' => $roles[$row->id] ?? [],
            'groups' => $groups[$row->id] ?? [],
        ] + ($capability === '' ? [] : ['capable' => isset($capable[$row->id])]), array_values($rows));
    }

    /**
     * How many users() must give, counted on its own, so that an answer that was cut shows.
     *
     * @param int[] $userids only these; empty: everybody
     * @return int
     */
    public function total(array $userids = []): int {
        global $DB;
        [$which, $ids] = $this->only($userids);
        $sql = 'SELECT COUNT(DISTINCT u.id) FROM ' . self::ENROLMENTS . " WHERE $which";
        return $DB->count_records_sql($sql, ['courseid' => $this->context->instanceid] + $ids);
    }

    /**
     * When the next enrolment begins or ends by its date, of which Moodle sends no event.
     *
     * @return int unix time; 0: none does
     */
    public function next(): int {
        global $DB;
        return (int) $DB->get_field_sql(
            'SELECT MIN(CASE WHEN ue.timestart > :now1 THEN ue.timestart ELSE ue.timeend END)
               FROM ' . self::ENROLMENTS . '
              WHERE ' . self::SWITCHED_ON . ' AND (ue.timestart > :now2 OR ue.timeend > :now3)',
            [
                'courseid' => $this->context->instanceid,
                'enabled' => ENROL_INSTANCE_ENABLED,
                'active' => ENROL_USER_ACTIVE,
                'now1' => $this->now,
                'now2' => $this->now,
                'now3' => $this->now,
            ],
        );
    }

    /**
     * Who may have grades: an active enrolment and one of the roles that the gradebook shows.
     *
     * @return int[] user ids, in order
     */
    public function students(): array {
        global $CFG, $DB;
        $roleids = array_filter(explode(',', (string) $CFG->gradebookroles));
        [$isgraded, $roles] = $DB->get_in_or_equal($roleids, SQL_PARAMS_NAMED, 'role', true, null);
        [$ishere, $contexts] = $this->contexts();
        $ids = $DB->get_fieldset_sql(
            'SELECT DISTINCT u.id FROM ' . self::ENROLMENTS . "
               JOIN {role_assignments} ra ON ra.userid = u.id
              WHERE " . self::ACTIVE . " AND ra.roleid $isgraded AND ra.contextid $ishere
           ORDER BY u.id",
            $this->parameters() + $roles + $contexts,
        );
        return array_map('intval', $ids);
    }

    /**
     * Roles in the course and inherited from its categories and the site.
     *
     * @param string $which condition on the users
     * @param array $ids its parameters
     * @return array lists of roles by user id
     */
    private function roles(string $which, array $ids): array {
        global $DB;
        [$ishere, $contexts] = $this->contexts();
        $rows = $DB->get_recordset_sql(
            'SELECT DISTINCT ra.userid, ctx.contextlevel, r.id, r.shortname, r.archetype
               FROM {role_assignments} ra
               JOIN {role} r ON r.id = ra.roleid
               JOIN {context} ctx ON ctx.id = ra.contextid
              WHERE ra.contextid ' . $ishere . ' AND ra.userid IN (' . $this->enrolled($which) . ')
           ORDER BY ra.userid, ctx.contextlevel DESC, r.id',
            ['courseid' => $this->context->instanceid] + $contexts + $ids,
        );
        $roles = [];
        foreach ($rows as $row) {
            $roles[$row->userid][] = [
                'shortname' => $row->shortname,
                'archetype' => $row->archetype,
                'contextlevel' => (int) $row->contextlevel,
            ];
        }
        $rows->close();
        return $roles;
    }

    /**
     * Groups of the course, with the time joined; names as they are stored, unfiltered.
     *
     * @param string $which condition on the users
     * @param array $ids its parameters
     * @return array lists of groups by user id
     */
    private function groups(string $which, array $ids): array {
        global $DB;
        $rows = $DB->get_recordset_sql(
            'SELECT gm.userid, g.id, g.name, gm.timeadded
               FROM {groups} g
               JOIN {groups_members} gm ON gm.groupid = g.id
              WHERE g.courseid = :groupcourseid AND gm.userid IN (' . $this->enrolled($which) . ')
           ORDER BY gm.userid, g.id',
            ['groupcourseid' => $this->context->instanceid, 'courseid' => $this->context->instanceid] + $ids,
        );
        $groups = [];
        foreach ($rows as $row) {
            $groups[$row->userid][] = [
                'id' => (int) $row->id,
                'name' => $row->name,
                'timeadded' => (int) $row->timeadded,
            ];
        }
        $rows->close();
        return $groups;
    }

    /**
     * Who may do something in the course, as Moodle itself finds out for its lists of the enrolled.
     *
     * @param string $capability
     * @param string $which condition on the users
     * @param array $ids its parameters
     * @return array with the user ids as keys
     */
    private function capable(string $capability, string $which, array $ids): array {
        global $DB;
        $may = get_with_capability_join($this->context, $capability, 'u.id');
        $found = $DB->get_fieldset_sql(
            'SELECT DISTINCT u.id FROM ' . self::ENROLMENTS . " {$may->joins} WHERE $which AND {$may->wheres}",
            ['courseid' => $this->context->instanceid] + $ids + $may->params,
        );
        return array_flip($found);
    }

    /**
     * The ids of users(), as SQL.
     *
     * @param string $which condition on the users
     * @return string
     */
    private function enrolled(string $which): string {
        return 'SELECT u.id FROM ' . self::ENROLMENTS . " WHERE $which";
    }

    /**
     * A condition on the users.
     *
     * @param int[] $userids empty: everybody
     * @return array SQL and its parameters
     */
    private function only(array $userids): array {
        global $DB;
        if (!$userids) {
            return ['1 = 1', []];
        }
        [$isasked, $ids] = $DB->get_in_or_equal(array_unique($userids), SQL_PARAMS_NAMED, 'user');
        return ["u.id $isasked", $ids];
    }

    /**
     * A condition on contexts: the course's own, and those it inherits from.
     *
     * @return array SQL and its parameters
     */
    private function contexts(): array {
        global $DB;
        return $DB->get_in_or_equal($this->context->get_parent_context_ids(true), SQL_PARAMS_NAMED, 'context');
    }

    /**
     * The parameters of ENROLMENTS and ACTIVE.
     *
     * @return array
     */
    private function parameters(): array {
        return [
            'courseid' => $this->context->instanceid,
            'enabled' => ENROL_INSTANCE_ENABLED,
            'active' => ENROL_USER_ACTIVE,
            'started' => $this->now,
            'unended' => $this->now,
        ];
    }
}
