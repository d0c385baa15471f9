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

namespace local_kurasync\output;

use core\output\renderer_base;
use core\url;
use local_kurasync\course_rights;
use local_kurasync\refusal;

/**
 * What is shown where kurasync does not answer, or refuses; grades can be asked for all the same.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class unanswered extends view {
    /**
     * Constructor.
     *
     * @param url $page the course page
     * @param course_rights $rights of whoever looks
     * @param refusal $refusal
     */
    public function __construct(
        /** @var url the course page */
        private readonly url $page,
        /** @var course_rights */
        private readonly course_rights $rights,
        /** @var refusal */
        private readonly refusal $refusal,
    ) {
    }

    #[\Override]
    public function export_for_template(renderer_base $output): array {
        $takesevents = $this->refusal->passes || $this->refusal->reason === 'course_pages_off';
        $given = ['act' => 'sync', 'kind' => 'grades'];
        return [
            'message' => $this->refusal->in_words(),
            'passes' => $this->refusal->passes,
            'againurl' => $this->page->out(false),
            'grades' => $takesevents && $this->rights->syncgrades
                ? self::button($output, $this->page, $given, get_string('grades_submit', 'local_kurasync'))
                : null,
        ];
    }
}
