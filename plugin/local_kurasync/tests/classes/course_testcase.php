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

namespace local_kurasync\tests;

use local_kurasync\connection;
use local_kurasync\course_client;
use local_kurasync\course_rights;
use local_kurasync\webhook;

/**
 * A course at a connected site, its page, and a teacher who looks at it.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
abstract class course_testcase extends \advanced_testcase {
    /** Where events go. */
    protected const URL = 'https://kurasync.example.edu/events/uni';

    /** @var string */
    protected string $secret;

    /** @var \stdClass */
    protected \stdClass $course;

    /** @var \stdClass */
    protected \stdClass $teacher;

    /** @var \core\context\course */
    protected \core\context\course $context;

    /** @var \core\url the course page */
    protected \core\url $page;

    #[\Override]
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->secret = webhook::new_secret();
        connection::set_up(self::URL, $this->secret);
        $this->course = $this->getDataGenerator()->create_course();
        $this->teacher = $this->getDataGenerator()->create_and_enrol($this->course, 'editingteacher');
        $this->context = \core\context\course::instance($this->course->id);
        $this->page = new \core\url('/local/kurasync/course.php', ['courseid' => $this->course->id]);
        $this->setUser($this->teacher);
    }

    /**
     * The client of whoever is logged in.
     *
     * @return course_client
     */
    protected function client(): course_client {
        return course_client::of_course((int) $this->course->id);
    }

    /**
     * What whoever is logged in may do.
     *
     * @return course_rights
     */
    protected function rights(): course_rights {
        return course_rights::in($this->context);
    }
}
