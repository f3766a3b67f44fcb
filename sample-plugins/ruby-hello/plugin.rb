# An Outrigger plugin without an SDK, in Ruby's standard library: one JSON message a line on stdin and stdout. stderr is the log.
require 'json'

$stdin.set_encoding('UTF-8')
$stdout.sync = true

# The answer to one event. {} means: go on.
def handle(hook, payload)
  return {} unless hook == 'conda.pre_command'

  warn "about to run #{payload['command']}"
  { action: 'modify', changes: { env: { HELLO_RUBY: "from Ruby #{RUBY_VERSION}" } } }
end

def answer(method, params)
  case method
  when 'hook/invoke' then { result: handle(params['hook'], params['payload']) }
  when 'initialize', 'ping', 'shutdown' then { result: {} }
  else { error: { code: -32_601, message: "Cannot handle \"#{method}\": this plugin has no such method" } }
  end
end

$stdin.each_line do |line|
  request = JSON.parse(line, max_nesting: 1000)
  break if request['method'] == 'exit'
  next unless request['method'] && request.key?('id')

  begin
    reply = answer(request['method'], request['params'])
  rescue StandardError => e # one broken event must not end the plugin
    reply = { error: { code: -32_603, message: e.message } }
  end
  puts JSON.generate({ jsonrpc: '2.0', id: request['id'], **reply })
rescue JSON::ParserError, TypeError, NoMethodError
  warn 'skipped a line that is no message'
end
