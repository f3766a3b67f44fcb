<?php // An Outrigger plugin without an SDK, in plain PHP: one JSON message a line on stdin and stdout. stderr is the log.
ini_set('display_errors', 'stderr'); // without a php.ini, warnings go to stdout

/** The answer to one event. An empty object means: go on. */
function handle(string $hook, array $payload): object|array
{
    if ($hook !== 'conda.pre_command') {
        return (object) [];
    }
    error_log("about to run {$payload['command']}");
    return ['action' => 'modify', 'changes' => ['env' => ['HELLO_PHP' => 'from PHP ' . PHP_VERSION]]];
}

function answer(array $request): array
{
    return match ($request['method']) {
        'hook/invoke' => ['result' => handle($request['params']['hook'], $request['params']['payload'])],
        'initialize', 'ping', 'shutdown' => ['result' => (object) []],
        default => ['error' => ['code' => -32601, 'message' => "Cannot handle \"{$request['method']}\": this plugin has no such method"]],
    };
}

while (($line = fgets(STDIN)) !== false) {
    // Half a surrogate pair is legal JSON, but json_decode() refuses it.
    $line = preg_replace('/(?:\\\\\\\\|\\\\ud[89ab]..\\\\ud[c-f]..)(*SKIP)(*FAIL)|\\\\ud[89a-f]../i', '\\ufffd', $line);
    $request = json_decode($line, true);
    if (!is_array($request)) {
        error_log('skipped a line that is no message');
    } elseif (($request['method'] ?? '') === 'exit') {
        break;
    } elseif (isset($request['method'], $request['id'])) {
        try {
            $reply = answer($request);
        } catch (Throwable $error) { // one broken event must not end the plugin
            $reply = ['error' => ['code' => -32603, 'message' => $error->getMessage()]];
        }
        fwrite(STDOUT, json_encode(['jsonrpc' => '2.0', 'id' => $request['id']] + $reply) . "\n");
    }
}
