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

use core\output\named_templatable;
use core\output\renderable;
use core\output\renderer_base;
use core\output\single_button;
use core\url;

/**
 * Something that the course page shows, by the template of its name.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
abstract class view implements named_templatable, renderable {
    #[\Override]
    public function get_template_name(renderer_base $renderer): string {
        return 'local_kurasync/' . (new \ReflectionClass($this))->getShortName();
    }

    /**
     * Seconds after which the page is to be asked for again.
     *
     * @return int|null null: it need not
     */
    public function refreshes(): ?int {
        return null;
    }

    /**
     * A button that does something: a form of its own, with the session's key.
     *
     * @param renderer_base $output
     * @param url $page the course page
     * @param array $given the act and what belongs to it
     * @param string $label
     * @param bool $primary whether it is what most people come for
     * @return \stdClass for core/single_button
     */
    protected static function button(
        renderer_base $output,
        url $page,
        array $given,
        string $label,
        bool $primary = false
    ): \stdClass {
        $type = $primary ? single_button::BUTTON_PRIMARY : single_button::BUTTON_SECONDARY;
        return (new single_button(new url($page, $given), $label, 'post', $type))->export_for_template($output);
    }
}
