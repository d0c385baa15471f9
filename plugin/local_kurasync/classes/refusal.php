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

/**
 * Why kurasync did not do what was asked for a course, or that it did not answer.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class refusal extends \Exception {
    /**
     * Constructor.
     *
     * @param string $reason a slug: kurasync's, or notconnected, silence
     * @param string $detail kurasync's sentence about it
     * @param bool $passes whether it may well work in a moment, though nobody does anything
     */
    public function __construct(
        /** @var string a slug */
        public readonly string $reason,
        string $detail = '',
        /** @var bool whether it may well work in a moment, though nobody does anything */
        public readonly bool $passes = false,
    ) {
        parent::__construct($detail);
    }

    /**
     * What an answer that is no success says.
     *
     * @param answer $answer
     * @return self
     */
    public static function of(answer $answer): self {
        $problem = $answer->document();
        $reason = $problem['reason'] ?? '';
        if (!is_string($reason) || $reason === '') {
            // Nothing answered, or something that is not kurasync.
            return new self('silence', '', true);
        }
        // A wrong signature has several reasons; for people it is always the same.
        $reason = $answer->status === 401 ? 'notconnected' : $reason;
        $detail = $problem['detail'] ?? '';
        return new self($reason, is_string($detail) ? $detail : '', $answer->status >= 500);
    }

    /**
     * For people: in Moodle's language where there are words for it, else as kurasync says it.
     *
     * @return string plain text
     */
    public function in_words(): string {
        return words::of('refusal', $this->reason, $this->getMessage() ?: get_string('refusal_other', 'local_kurasync'));
    }
}
