<?php
// Does in a Moodle what its people and its own code would do: `php run.php FOLDER < STEPS`. FOLDER has its config.php;
// STEPS is JSON: a list of [name of a function below, its named arguments]. The last line printed is the JSON list of
// what they returned.

define('CLI_SCRIPT', true);
require $argv[1] . '/config.php';
foreach (['people', 'crowd', 'groups', 'courses', 'gradebook', 'site'] as $noun) {
    require __DIR__ . "/$noun.php";
}

\core\session\manager::set_user(get_admin());
$answers = [];
foreach (json_decode(stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR) as [$step, $given]) {
    $answers[] = "kurasync_steps\\$step"(...$given);
}
echo "\n", json_encode($answers, JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION);
