<?php
namespace kurasync_steps;

/** What runs here. */
function versions(): string {
    global $CFG;
    $plugin = \core_plugin_manager::instance()->get_plugin_info('local_kurasync')->release;
    return "Moodle $CFG->release, PHP " . PHP_VERSION . ", local_kurasync $plugin";
}

/** Where the plugin delivers to; empty: it is not connected. */
function connected_to(): string {
    return \local_kurasync\connection::url();
}

/** Take the connection away again, with the service user and its role. */
function disconnect(): void {
    \local_kurasync\setup::undo();
    \local_kurasync\connection::forget();
}

/** What waits, in order, and how deliveries went. */
function outbox(): array {
    $rows = \local_kurasync\outbox::waiting(100000);
    $state = \local_kurasync\delivery_state::get();
    return [
        'waiting' => count($rows),
        'events' => array_column($rows, 'eventid'),
        'setaside' => \local_kurasync\outbox::summary()['setaside'],
        'nexttry' => (int) $state->nexttry,
        'lasterror' => (string) $state->lasterror,
    ];
}

/** Settings of Moodle as they were, after these have been set; null: not set. */
function settings(array $values): array {
    $before = [];
    foreach ($values as $name => $value) {
        $kept = get_config('core', $name);
        $before[$name] = $kept === false ? null : $kept;
        set_config($name, $value);
    }
    return $before;
}

/** A token of the administrator's, for these functions of Moodle's own. */
function open_service(string $name, array $functions): string {
    global $CFG, $DB;
    require_once "$CFG->dirroot/webservice/lib.php";
    $manager = new \webservice();
    $id = $manager->add_external_service((object) [
        'name' => $name, 'shortname' => $name, 'enabled' => 1, 'restrictedusers' => 0, 'downloadfiles' => 0, 'uploadfiles' => 0,
    ]);
    foreach ($functions as $function) {
        $manager->add_external_function_to_service($function, $id);
    }
    $service = $DB->get_record('external_services', ['id' => $id], '*', MUST_EXIST);
    $system = \context_system::instance();
    return \core_external\util::generate_token(EXTERNAL_TOKEN_PERMANENT, $service, (int) get_admin()->id, $system);
}

function close_service(string $name): void {
    global $CFG, $DB;
    require_once "$CFG->dirroot/webservice/lib.php";
    (new \webservice())->delete_service($DB->get_field('external_services', 'id', ['shortname' => $name], MUST_EXIST));
}
