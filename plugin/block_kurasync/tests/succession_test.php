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

namespace block_kurasync;

/**
 * The block takes the old one's places.
 *
 * @package    block_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers     \block_kurasync\succession
 */
final class succession_test extends \advanced_testcase {
    public function test_the_old_blocks_become_ours_where_they_are(): void {
        global $DB;
        $this->resetAfterTest();
        $context = \core\context\course::instance($this->getDataGenerator()->create_course()->id);
        $old = [
            'blockname' => 'kuracloud',
            'parentcontextid' => $context->id,
            'showinsubcontexts' => 0,
            'requiredbytheme' => 0,
            'pagetypepattern' => 'course-view-*',
            'subpagepattern' => null,
            'defaultregion' => 'side-pre',
            'defaultweight' => 3,
            'configdata' => 'b2xk',
            'timecreated' => 1,
            'timemodified' => 1,
        ];
        $id = $DB->insert_record('block_instances', (object) $old);
        $other = $DB->count_records('block_instances', ['blockname' => 'html']);
        $this->assertSame(1, succession::pending());
        $this->assertSame(1, succession::take_over());
        $ours = (array) $DB->get_record('block_instances', ['id' => $id]);
        $this->assertSame('kurasync', $ours['blockname']);
        $this->assertSame('', (string) $ours['configdata']);
        foreach (['parentcontextid', 'pagetypepattern', 'defaultregion', 'defaultweight'] as $kept) {
            $this->assertEquals($old[$kept], $ours[$kept]);
        }
        $this->assertSame(0, succession::take_over());
        $this->assertSame($other, $DB->count_records('block_instances', ['blockname' => 'html']));
    }
}
