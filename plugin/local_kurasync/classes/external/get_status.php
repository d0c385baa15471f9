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

namespace local_kurasync\external;

use context_system;
use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use core_external\external_value;
use local_kurasync\access;
use local_kurasync\connection;
use local_kurasync\delivery_state;
use local_kurasync\outbox;
use local_kurasync\setup;

/**
 * What this site is, what waits in its outbox, and what the caller lacks at site level.
 *
 * @package    local_kurasync
 * @copyright  2026 The kurasync maintainers
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class get_status extends external_api {
    /**
     * What is asked.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([]);
    }

    /**
     * Read the status.
     *
     * @return array
     */
    public static function execute(): array {
        global $CFG;
        $context = context_system::instance();
        self::validate_context($context);
        $delivery = delivery_state::get();
        return [
            'plugin' => (string) get_config('local_kurasync', 'version'),
            'release' => \core_plugin_manager::instance()->get_plugin_info('local_kurasync')->release,
            'moodle' => $CFG->release,
            'php' => PHP_VERSION,
            'wwwroot' => $CFG->wwwroot,
            'siteidentifier' => connection::identity(),
            'clone' => connection::is_clone(),
            'outbox' => outbox::summary() + [
                'lastdelivery' => $delivery->lastdelivery,
                'lasterror' => $delivery->lasterror,
            ],
            'missing' => access::missing($context, setup::CAPABILITIES),
        ];
    }

    /**
     * What is answered.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'plugin' => new external_value(PARAM_RAW, 'Version of this plugin'),
            'release' => new external_value(PARAM_RAW, 'Release of this plugin'),
            'moodle' => new external_value(PARAM_RAW, 'Release of Moodle'),
            'php' => new external_value(PARAM_RAW, 'Version of PHP'),
            'wwwroot' => new external_value(PARAM_RAW, 'Address of the site'),
            'siteidentifier' => new external_value(PARAM_RAW, 'SHA-256 of the site identifier'),
            'clone' => new external_value(PARAM_BOOL, 'Whether this is a copy of the site that was connected'),
            'outbox' => new external_single_structure([
                'waiting' => new external_value(PARAM_INT, 'Events that wait'),
                'oldest' => new external_value(PARAM_INT, 'The oldest of them, unix time; 0: none'),
                'setaside' => new external_value(PARAM_INT, 'Events that kurasync refused'),
                'lastdelivery' => new external_value(PARAM_INT, 'Last delivery, unix time; 0: none yet'),
                'lasterror' => new external_value(PARAM_RAW, 'Last error, may be empty'),
            ]),
            'missing' => new external_multiple_structure(
                new external_value(PARAM_RAW, 'Capability'),
                'What the caller lacks at site level',
            ),
        ]);
    }
}
