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

namespace local_kurasync;

use local_kurasync\tests\course_testcase;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/fixtures/course_door.php');

/**
 * Pages that are about something else wait for kurasync once a minute at most.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\glance
 */
final class glance_test extends course_testcase {
    public function test_how_a_course_stands_is_asked_once_and_shortly(): void {
        $holds = [course_door::hold(), course_door::hold('grades', 'approved')];
        $door = course_door::stand_in(['status' => course_door::status([], ['holds' => $holds])]);
        $first = glance::of((int) $this->course->id);
        $this->assertSame($first, glance::of((int) $this->course->id));
        $this->assertTrue($first['mapped']);
        $this->assertSame(['roster'], $first['waiting']);
        $this->assertStringNotContainsString('Cleo', json_encode($first), 'no names of students are kept');
        $this->assertSame([2], array_column($door->requests, 'seconds'));
    }

    public function test_it_is_asked_again_after_somebody_pressed_a_button(): void {
        $door = course_door::stand_in(['status' => ['mapping' => null, 'holds' => []], 'sync' => []]);
        $this->assertFalse(glance::of((int) $this->course->id)['mapped']);
        $given = ['kind' => 'roster'];
        (new course_act($this->client(), $this->context, $this->rights(), $this->page, $given))->perform('sync');
        glance::of((int) $this->course->id);
        $this->assertSame(['status', 'sync', 'status'], array_map(key(...), $door->asked()));
    }

    public function test_a_silent_kurasync_holds_up_one_page_a_minute_whichever_the_course(): void {
        $other = $this->getDataGenerator()->create_course();
        $door = course_door::stand_in(['status' => answer::none('timed out')]);
        $this->assertSame([], glance::of((int) $this->course->id));
        $this->assertSame([], glance::of((int) $other->id));
        $this->assertCount(1, $door->requests);
    }

    public function test_a_refusal_is_kept_in_words(): void {
        $door = course_door::stand_in(['status' => course_door::refuses(403, 'course_pages_off')]);
        $this->assertSame(get_string('refusal_course_pages_off', 'local_kurasync'), glance::of((int) $this->course->id)['refused']);
        glance::of((int) $this->course->id);
        $this->assertCount(1, $door->requests);
    }
}
