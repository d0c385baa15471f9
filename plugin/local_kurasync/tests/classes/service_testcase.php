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

namespace local_kurasync\tests;

use core_external\external_api;

/**
 * A course, and calls of the web service functions as Moodle makes them: checked, run, checked again.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
abstract class service_testcase extends \advanced_testcase {
    /** @var \stdClass the course */
    protected \stdClass $course;

    /** @var \context_course its context */
    protected \context_course $context;

    #[\Override]
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->setAdminUser();
        $this->course = $this->getDataGenerator()->create_course(['fullname' => 'Human <b>A</b> & P', 'idnumber' => 'HAP']);
        $this->context = \context_course::instance($this->course->id);
    }

    /**
     * Call a function of ours.
     *
     * @param string $function without the component
     * @param array $parameters besides the course
     * @return array its answer
     */
    protected function call(string $function, array $parameters = []): array {
        $response = $this->answer($function, ['courseid' => $this->course->id] + $parameters);
        $this->assertFalse($response['error'], $response['exception']->message ?? '');
        return $response['data'];
    }

    /**
     * The code with which a function refuses.
     *
     * @param string $function without the component
     * @param array $parameters besides the course
     * @return string
     */
    protected function refusal(string $function, array $parameters = []): string {
        $response = $this->answer($function, $parameters + ['courseid' => $this->course->id]);
        $this->assertTrue($response['error']);
        return $response['exception']->errorcode;
    }

    /**
     * Enrol a new student.
     *
     * @param array $fields of the user
     * @return \stdClass the user
     */
    protected function student(array $fields = []): \stdClass {
        return $this->getDataGenerator()->create_and_enrol($this->course, 'student', $fields);
    }

    /**
     * Enrol a new user who gets no role by that.
     *
     * @return \stdClass the user
     */
    protected function enrolled_without_role(): \stdClass {
        global $DB;
        $user = $this->getDataGenerator()->create_user();
        $instance = $DB->get_record('enrol', ['courseid' => $this->course->id, 'enrol' => 'manual'], '*', MUST_EXIST);
        enrol_get_plugin('manual')->enrol_user($instance, $user->id);
        return $user;
    }

    /**
     * Become a user who may everything that the functions need, except some.
     *
     * @param string[] $lacks capabilities
     * @return \stdClass the user
     */
    protected function become_service_user(array $lacks = []): \stdClass {
        $user = $this->getDataGenerator()->create_user();
        $role = $this->getDataGenerator()->create_role();
        foreach (array_diff(\local_kurasync\setup::CAPABILITIES, $lacks) as $capability) {
            assign_capability($capability, CAP_ALLOW, $role, SYSCONTEXTID);
        }
        role_assign($role, $user->id, SYSCONTEXTID);
        $this->setUser($user);
        return $user;
    }

    /**
     * What Moodle answers.
     *
     * @param string $function without the component
     * @param array $parameters
     * @return array
     */
    private function answer(string $function, array $parameters): array {
        $_POST['sesskey'] = sesskey();
        return external_api::call_external_function("local_kurasync_$function", $parameters);
    }
}
