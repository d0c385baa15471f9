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
 * What came back for a delivery: an answer of kurasync's (docs/events.md), of something else at its address, or nothing.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class answer {
    /**
     * Constructor.
     *
     * @param int $status HTTP; 0: there was no answer
     * @param string $body
     * @param array $headers by name in lower case
     * @param string $error why there was no answer
     */
    public function __construct(
        /** @var int HTTP; 0: there was no answer */
        public readonly int $status,
        /** @var string the body */
        private readonly string $body,
        /** @var array by name in lower case */
        private readonly array $headers = [],
        /** @var string why there was no answer */
        private readonly string $error = '',
    ) {
    }

    /**
     * No answer.
     *
     * @param string $error why
     * @return self
     */
    public static function none(string $error): self {
        return new self(0, '', [], $error);
    }

    /**
     * Whether the delivery was received: 2xx, and not the page of a login or a proxy.
     *
     * @return bool
     */
    public function is_received(): bool {
        return intdiv($this->status, 100) === 2 && !$this->is_web_page();
    }

    /**
     * Whether it is what was delivered that is refused, so that sending less may help.
     *
     * @return bool
     */
    public function refuses_content(): bool {
        return $this->status === 413 || $this->status === 422;
    }

    /**
     * The events that are refused alone.
     *
     * @return string[] reason by place in the delivery
     */
    public function rejected(): array {
        $named = $this->document()[$this->status === 422 ? 'errors' : 'rejected'] ?? [];
        $reasons = [];
        foreach (is_array($named) ? $named : [] as $each) {
            if (is_int($each['index'] ?? null)) {
                $reasons[$each['index']][] = trim(($each['field'] ?? '') . ' ' . ($each['reason'] ?? ''));
            }
        }
        return array_map(fn(array $several): string => implode('; ', $several), $reasons);
    }

    /**
     * What it says.
     *
     * @return array the JSON object; empty: there is none
     */
    public function document(): array {
        $document = json_decode($this->body, true);
        return is_array($document) ? $document : [];
    }

    /**
     * Seconds to wait before the next try.
     *
     * @param int $now unix time
     * @return int 0: kurasync did not ask for any
     */
    public function retry_after(int $now): int {
        $asked = $this->headers['retry-after'] ?? '';
        if (!is_string($asked) || $asked === '') {
            return 0;
        }
        return max(0, ctype_digit($asked) ? (int) $asked : (int) strtotime($asked) - $now);
    }

    /**
     * What went wrong, for the status page.
     *
     * @return string
     */
    public function in_words(): string {
        if (!$this->status) {
            return get_string('error_noanswer', 'local_kurasync', $this->error);
        }
        if ($this->is_web_page()) {
            return get_string('error_webpage', 'local_kurasync', $this->status);
        }
        $detail = $this->document()['detail'] ?? '';
        $said = (object) ['status' => $this->status, 'detail' => is_string($detail) ? $detail : ''];
        return get_string('error_refused', 'local_kurasync', $said);
    }

    /**
     * Whether something else than kurasync answered.
     *
     * @return bool
     */
    private function is_web_page(): bool {
        $type = $this->headers['content-type'] ?? '';
        return is_string($type) && str_starts_with(strtolower($type), 'text/html');
    }
}
