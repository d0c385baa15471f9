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

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/fixtures/scripted_transport.php');

/**
 * What waits reaches kurasync once and in order, and what kurasync cannot use does not hold up the rest.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \local_kurasync\delivery
 * @covers     \local_kurasync\delivery_state
 * @covers     \local_kurasync\answer
 */
final class delivery_test extends \advanced_testcase {
    /** Where events go. */
    private const URL = 'https://kurasync.example.edu/events/uni';

    /** @var string */
    private string $secret;

    /** @var \incrementing_clock|\frozen_clock */
    private $clock;

    #[\Override]
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->clock = $this->mock_clock_with_frozen(time());
        $this->secret = webhook::new_secret();
        connection::set_up(self::URL, $this->secret);
    }

    /**
     * Let some events happen.
     *
     * @param int $count
     * @return string[] their ids, in order
     */
    private function happen(int $count): array {
        for ($i = 0; $i < $count; $i++) {
            event\test_sent::create()->trigger();
        }
        return array_column(outbox::waiting(10000), 'eventid');
    }

    /**
     * One run of the deliverer.
     *
     * @param answer|callable ...$script
     * @return scripted_transport
     */
    private function deliver(answer|callable ...$script): scripted_transport {
        $transport = new scripted_transport(...$script);
        (new delivery($transport))->run(50, 20);
        return $transport;
    }

    /**
     * The ids of the events that were delivered, in order.
     *
     * @param scripted_transport $transport
     * @return string[][] by delivery
     */
    private static function ids(scripted_transport $transport): array {
        return array_map(fn(array $delivery): array => array_column($delivery['events'], 'id'), $transport->deliveries);
    }

    public function test_what_was_received_is_forgotten(): void {
        global $CFG;
        $ids = $this->happen(3);
        $sent = $this->deliver(scripted_transport::accepted());

        $this->assertSame([$ids], self::ids($sent));
        $this->assertSame(0, outbox::summary()['waiting']);
        $this->assertSame($this->clock->time(), delivery_state::get()->lastdelivery);
        [$delivery] = $sent->deliveries;
        $this->assertSame(self::URL, $delivery['url']);
        $document = json_decode($delivery['body'], true);
        $this->assertSame('moodle.events', $document['type']);
        $this->assertSame($CFG->wwwroot, $document['data']['wwwroot']);
        $this->assertSame(gmdate('Y-m-d\TH:i:s\Z', $this->clock->time()), $document['timestamp']);
        $headers = $delivery['headers'];
        $signed = webhook::headers($this->secret, $headers['webhook-id'], $this->clock->time(), $delivery['body']);
        $this->assertSame($signed, $headers);
    }

    public function test_a_batch_holds_500_at_most_and_order_is_kept(): void {
        $ids = $this->happen(delivery::BATCH + 2);
        $sent = $this->deliver(scripted_transport::accepted());
        $this->assertSame([delivery::BATCH, 2], array_map('count', self::ids($sent)));
        $this->assertSame($ids, array_merge(...self::ids($sent)));
    }

    public function test_nothing_is_posted_when_nothing_waits(): void {
        $this->assertSame([], $this->deliver(scripted_transport::accepted())->deliveries);
        $this->assertSame(0, delivery_state::get()->lastdelivery);
    }

    /**
     * Answers after which everything must still be there.
     *
     * @return array
     */
    public static function failures(): array {
        return [
            'no answer' => [answer::none('timed out'), 'timed out'],
            'down' => [scripted_transport::says(502, [], ['content-type' => 'text/html']), '502'],
            'not stored' => [scripted_transport::says(503, ['detail' => 'Nothing was stored.']), 'Nothing was stored.'],
            'bad signature' => [scripted_transport::says(401, ['detail' => 'fits none']), 'fits none'],
            'moved' => [scripted_transport::says(301, [], ['location' => 'https://elsewhere.example.edu']), '301'],
            'a login page' => [new answer(200, '<html>', ['content-type' => 'text/html; charset=utf-8']), 'web page'],
        ];
    }

    /**
     * Whatever is not received is kept, and sent again as the same events under the same delivery id.
     *
     * @dataProvider failures
     * @param answer $answer
     * @param string $said
     */
    public function test_what_is_not_received_is_kept_and_sent_again(answer $answer, string $said): void {
        $ids = $this->happen(2);
        $first = $this->deliver($answer);
        $this->assertCount(1, $first->deliveries);
        $this->assertSame(2, outbox::summary()['waiting']);
        $state = delivery_state::get();
        $this->assertSame(1, $state->failures);
        $this->assertStringContainsString($said, $state->lasterror);
        $this->assertSame($this->clock->time(), $state->lasterrortime);

        $this->clock->bump(15);
        $second = $this->deliver(scripted_transport::accepted());
        $this->assertSame([$ids], self::ids($second));
        $this->assertSame(
            $first->deliveries[0]['headers']['webhook-id'],
            $second->deliveries[0]['headers']['webhook-id']
        );
        $this->assertSame(0, outbox::summary()['waiting']);
        $this->assertSame([0, 0], [delivery_state::get()->failures, delivery_state::get()->nexttry]);
    }

    public function test_each_failure_makes_it_wait_longer_up_to_a_quarter_of_an_hour(): void {
        $this->happen(1);
        $waits = [];
        for ($i = 0; $i < 12; $i++) {
            $this->deliver(answer::none('refused'));
            $waits[] = delivery_state::get()->nexttry - $this->clock->time();
            $this->assertSame([], $this->deliver(scripted_transport::accepted())->deliveries, 'not before the next try');
            $this->clock->bump(end($waits));
        }
        foreach ($waits as $i => $wait) {
            $most = min(900, 15 * 2 ** $i);
            $this->assertLessThanOrEqual($most, $wait);
            $this->assertGreaterThanOrEqual(intdiv(3 * $most, 4), $wait);
        }
        $this->deliver(scripted_transport::accepted());
        $this->assertSame(0, outbox::summary()['waiting']);
    }

    public function test_it_waits_as_long_as_kurasync_asks(): void {
        $this->happen(1);
        $this->deliver(scripted_transport::says(503, [], ['retry-after' => '3600']));
        $this->assertSame($this->clock->time() + 3600, delivery_state::get()->nexttry);
        $this->clock->bump(3600);
        $date = gmdate('D, d M Y H:i:s \G\M\T', $this->clock->time() + 1800);
        $this->deliver(scripted_transport::says(429, [], ['retry-after' => $date]));
        $this->assertSame($this->clock->time() + 1800, delivery_state::get()->nexttry);
    }

    public function test_what_kurasync_names_in_its_answer_is_set_aside_and_the_rest_is_gone(): void {
        $ids = $this->happen(3);
        $rejected = [['index' => 1, 'field' => 'data.events[1].courseid', 'reason' => 'is needed']];
        $this->deliver(scripted_transport::accepted($rejected));
        $this->assertSame(0, outbox::summary()['waiting']);
        [$row] = array_values(outbox::set_aside_rows(10));
        $this->assertSame($ids[1], $row->eventid);
        $this->assertSame('data.events[1].courseid is needed', $row->reason);
    }

    public function test_a_delivery_in_which_nothing_can_be_used_is_set_aside_as_it_is_named(): void {
        $this->happen(2);
        $errors = [
            ['index' => 0, 'field' => 'a', 'reason' => 'x'],
            ['index' => 1, 'field' => 'b', 'reason' => 'y'],
            ['index' => 1, 'field' => 'c', 'reason' => 'z'],
        ];
        $sent = $this->deliver(scripted_transport::says(422, ['errors' => $errors]));
        $this->assertCount(1, $sent->deliveries);
        $this->assertSame(['b y; c z', 'a x'], array_values(array_column(outbox::set_aside_rows(10), 'reason')));
    }

    /**
     * Statuses that refuse what was delivered.
     *
     * @return array
     */
    public static function refusals(): array {
        return ['too large' => [413], 'unreadable' => [422]];
    }

    /**
     * Halving finds the one event that is refused; all others arrive, in order.
     *
     * @dataProvider refusals
     * @param int $status
     */
    public function test_an_event_that_is_refused_alone_is_set_aside_and_the_rest_goes_on(int $status): void {
        $ids = $this->happen(20);
        $received = [];
        $this->deliver(function (array $delivery) use ($ids, $status, &$received): answer {
            $these = array_column($delivery['events'], 'id');
            if (in_array($ids[13], $these, true)) {
                return scripted_transport::says($status, ['detail' => 'Not this one.']);
            }
            $received = array_merge($received, $these);
            return scripted_transport::accepted();
        });
        $this->assertSame(array_values(array_diff($ids, [$ids[13]])), $received);
        $this->assertSame(0, outbox::summary()['waiting']);
        [$row] = array_values(outbox::set_aside_rows(10));
        $this->assertSame($ids[13], $row->eventid);
        $this->assertStringContainsString('Not this one.', $row->reason);
        $this->assertSame(0, delivery_state::get()->failures);
    }

    public function test_a_receiver_that_takes_few_at_once_gets_few_at_once(): void {
        $ids = $this->happen(70);
        $received = [];
        $this->deliver(function (array $delivery) use (&$received): answer {
            if (count($delivery['events']) > 8) {
                return scripted_transport::says(413);
            }
            $received = array_merge($received, array_column($delivery['events'], 'id'));
            return scripted_transport::accepted();
        });
        $this->assertSame($ids, $received);
        $this->assertSame(0, outbox::summary()['setaside']);
    }

    public function test_events_of_more_than_30_days_ago_are_dropped_and_counted(): void {
        global $DB;
        $ids = $this->happen(3);
        $DB->set_field(outbox::TABLE, 'timecreated', $this->clock->time() - 30 * DAYSECS - 1, ['eventid' => $ids[0]]);
        $sent = $this->deliver(scripted_transport::accepted());
        $this->assertSame([[$ids[1], $ids[2]]], self::ids($sent));
        $this->assertSame(1, delivery_state::get()->dropped);
    }

    public function test_a_row_that_is_committed_late_is_not_lost(): void {
        global $DB;
        $ids = $this->happen(2);
        $row = $DB->get_record(outbox::TABLE, ['eventid' => $ids[0]]);
        $DB->delete_records(outbox::TABLE, ['id' => $row->id]);
        $this->deliver(function () use ($row, $DB): answer {
            // Its transaction ends while a row with a higher id is being delivered.
            $DB->import_record(outbox::TABLE, $row);
            return scripted_transport::accepted();
        }, scripted_transport::accepted());
        $this->assertSame(0, outbox::summary()['waiting']);
        $this->assertSame(0, outbox::summary()['setaside']);
    }

    public function test_only_one_delivers_at_a_time(): void {
        global $CFG;
        // PostgreSQL's own locks let one connection in twice, and a test has only one.
        $CFG->lock_factory = \core\lock\db_record_lock_factory::class;
        $this->happen(1);
        $inner = new scripted_transport(scripted_transport::accepted());
        $outer = $this->deliver(function () use ($inner): answer {
            (new delivery($inner))->run(50, 20);
            return scripted_transport::accepted();
        });
        $this->assertCount(1, $outer->deliveries);
        $this->assertSame([], $inner->deliveries);
    }

    public function test_it_stops_when_its_time_is_up(): void {
        $this->happen(delivery::BATCH + 1);
        $sent = $this->deliver(function (): answer {
            $this->clock->bump(50);
            return scripted_transport::accepted();
        });
        $this->assertCount(1, $sent->deliveries);
        $this->assertSame(1, outbox::summary()['waiting']);
        $this->assertSame(20, $sent->deliveries[0]['seconds']);
    }

    public function test_the_wire_holds_ids_and_nothing_else(): void {
        $user = $this->getDataGenerator()->create_user(['email' => 'ann@example.edu']);
        $course = $this->getDataGenerator()->create_course();
        outbox::clear();
        $this->getDataGenerator()->enrol_user($user->id, $course->id, 'student');
        [$delivery] = $this->deliver(scripted_transport::accepted())->deliveries;
        $fields = ['id', 'eventname', 'courseid', 'userid', 'relateduserid', 'objectid', 'contextlevel',
            'contextinstanceid', 'timecreated'];
        $this->assertSame($fields, array_keys($delivery['events'][0]));
        $this->assertSame((int) $user->id, $delivery['events'][0]['relateduserid']);
        $this->assertStringNotContainsString('ann@example.edu', $delivery['body']);
    }

    public function test_of_a_restored_course_the_wire_tells_which_one_it_was_made_of(): void {
        $course = $this->getDataGenerator()->create_course();
        outbox::clear();
        \core\event\course_restored::create([
            'objectid' => $course->id,
            'context' => \core\context\course::instance($course->id),
            'other' => ['type' => 'course', 'target' => 2, 'mode' => 50, 'operation' => 'restore', 'samesite' => true,
                'originalcourseid' => '7'],
        ])->trigger();
        [$delivery] = $this->deliver(scripted_transport::accepted())->deliveries;
        $this->assertSame(['originalcourseid' => 7], $delivery['events'][0]['other']);
        $this->assertSame((int) $course->id, $delivery['events'][0]['courseid']);
    }

    public function test_moodles_curl_really_posts_and_says_when_it_may_not(): void {
        set_config('curlsecurityblockedhosts', '127.0.0.0/8');
        $answer = (new curl_transport())->post('http://127.0.0.1:1/events/uni', '{}', [], 2);
        $this->assertSame(0, $answer->status);
        $this->assertStringContainsString('blocked', $answer->in_words());
        $this->assertDebuggingCalled();
        set_config('curlsecurityblockedhosts', '');
        set_config('curlsecurityallowedport', '');
        $answer = (new curl_transport())->post('http://127.0.0.1:1/events/uni', '{}', [], 2);
        $this->assertSame(0, $answer->status);
        $this->assertFalse($answer->is_received());
        $this->assertNotSame('', $answer->in_words());
    }
}
