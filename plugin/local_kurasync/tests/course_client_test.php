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
 * kurasync is asked with the site's signature, for one course and one person; what it refuses is put in words.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\course_client
 * @covers     \local_kurasync\refusal
 * @covers     \local_kurasync\words
 */
final class course_client_test extends course_testcase {
    /**
     * The refusal that an answer leads to.
     *
     * @param answer $answer
     * @return refusal
     */
    private function refusal(answer $answer): refusal {
        course_door::stand_in(['status' => $answer]);
        try {
            $this->client()->ask('status');
        } catch (refusal $refusal) {
            return $refusal;
        }
        $this->fail('It was not refused.');
    }

    public function test_it_asks_with_the_signature_of_the_site_at_the_address_for_courses(): void {
        global $CFG;
        $now = 1772442900;
        $this->mock_clock_with_frozen($now);
        $door = course_door::stand_in(['students' => ['students' => []]]);
        $this->assertSame(['students' => []], $this->client()->ask('students', ['limit' => 2]));
        [$request] = $door->requests;
        $this->assertSame('https://kurasync.example.edu/courses/uni', $request['url']);
        $this->assertSame([
            'wwwroot' => $CFG->wwwroot,
            'courseid' => (int) $this->course->id,
            'userid' => (int) $this->teacher->id,
            'verb' => 'students',
            'arguments' => ['limit' => 2],
        ], $request['data']);
        $expected = webhook::headers($this->secret, $request['headers']['webhook-id'], $now, $request['body']);
        $this->assertSame($expected, $request['headers']);
        $this->assertStringContainsString('"type":"moodle.course","timestamp":"2026-03-02T09:15:00Z"', $request['body']);
    }

    public function test_no_arguments_are_an_object_and_every_request_has_a_name_of_its_own(): void {
        $door = course_door::stand_in(['status' => ['mapping' => null]]);
        $this->client()->ask('status');
        $this->client()->ask('status');
        $this->assertStringContainsString('"arguments":{}', $door->requests[0]['body']);
        $ids = array_column(array_column($door->requests, 'headers'), 'webhook-id');
        $this->assertCount(2, array_unique($ids));
    }

    public function test_it_waits_longer_only_for_what_needs_other_systems(): void {
        $door = course_door::stand_in(['status' => [], 'map' => []]);
        $this->client()->ask('status');
        $this->client()->ask('map');
        $this->client()->ask('status', [], 2);
        $this->assertSame([5, 20, 2], array_column($door->requests, 'seconds'));
    }

    public function test_it_asks_nothing_where_the_site_is_not_connected_or_a_copy(): void {
        global $CFG;
        $door = course_door::stand_in(['status' => []]);
        $refused = 0;
        foreach (['https://staging.example.edu', null] as $wwwroot) {
            $wwwroot === null ? connection::forget() : $CFG->wwwroot = $wwwroot;
            try {
                $this->client()->ask('status');
            } catch (refusal $refusal) {
                $refused++;
                $this->assertSame('notconnected', $refusal->reason);
                $this->assertFalse($refusal->passes);
            }
        }
        $this->assertSame(2, $refused);
        $this->assertSame([], $door->requests);
    }

    public function test_no_answer_and_something_else_that_answers_are_silence(): void {
        $page = new answer(200, '<html>', ['content-type' => 'text/html']);
        foreach ([answer::none('timed out'), $page, new answer(404, '{}'), new answer(502, 'oops')] as $answer) {
            $refusal = $this->refusal($answer);
            $this->assertSame('silence', $refusal->reason);
            $this->assertTrue($refusal->passes);
            $this->assertSame('kurasync does not answer at the moment.', $refusal->in_words());
        }
    }

    public function test_a_kurasync_that_cannot_work_now_says_so_and_it_passes(): void {
        $refusal = $this->refusal(course_door::refuses(503, 'away', 'kuraCloud does not answer.'));
        $this->assertTrue($refusal->passes);
        $this->assertSame('kuraCloud does not answer.', $refusal->in_words());
    }

    public function test_what_there_are_words_for_is_said_in_them_and_the_rest_as_kurasync_says_it(): void {
        $known = $this->refusal(course_door::refuses(409, 'stale_digest', 'Unused.'));
        $this->assertSame(get_string('refusal_stale_digest', 'local_kurasync'), $known->in_words());
        $this->assertSame('Taken.', $this->refusal(course_door::refuses(409, 'mapped_already', 'Taken.'))->in_words());
        $mute = $this->refusal(course_door::refuses(409, 'never_heard_of', ''));
        $this->assertSame(get_string('refusal_other', 'local_kurasync'), $mute->in_words());
    }

    public function test_a_wrong_signature_is_a_matter_of_the_connection(): void {
        $refusal = $this->refusal(course_door::refuses(401, 'clock_skew', 'By 400 s.'));
        $this->assertSame('notconnected', $refusal->reason);
    }

    public function test_moments_are_told_in_the_readers_zone(): void {
        $this->teacher->timezone = 'Asia/Tokyo';
        $this->setUser($this->teacher);
        $this->assertStringContainsString('18:14', words::moment('2026-03-02T09:14:00.500Z'));
        $this->assertNull(words::moment(null));
    }
}
