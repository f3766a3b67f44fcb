# Profiles generative slots. Without an SDK, in Ruby's standard library: one JSON message a line on stdin and stdout.
require 'json'

MOST_SLOTS = 1000

$stdin.set_encoding('UTF-8')
$stdout.sync = true
profile = {}

def send_message(message)
  puts JSON.generate({ jsonrpc: '2.0', **message })
end

# Counts one call of a slot; past the bound all new ones are "(others)".
def count(profile, payload)
  return unless payload['component_type'] == 'GenerativeSlot'

  name = payload.dig('action', 'name') || '(no name)'
  name = '(others)' unless profile.key?(name) || profile.size < MOST_SLOTS
  slot = (profile[name] ||= { calls: 0, total_ms: 0 })
  slot[:calls] += 1
  slot[:total_ms] += payload['latency_ms']
end

# One log record for each slot, the costliest first.
def report(profile)
  profile.sort_by { |_, slot| -slot[:total_ms] }.each do |name, slot|
    fields = { slot: name, **slot, mean_ms: (slot[:total_ms].to_f / slot[:calls]).round(3) }
    send_message(method: 'log', params: { level: 'info', message: 'slot profile', fields: })
  end
end

# The result of a request; raises KeyError for a method there is none of.
def serve(profile, method, params)
  case method
  when 'initialize' then profile.clear
  when 'hook/notify', 'hook/invoke' then count(profile, params['payload'])
  when 'shutdown' then report(profile)
  when 'ping' then nil
  else raise KeyError, "Cannot handle \"#{method}\": this plugin has no such method"
  end
  { result: {} }
end

$stdin.each_line do |line|
  request = JSON.parse(line, max_nesting: 1000)
  next unless request.is_a?(Hash) && (method = request['method'])
  break if method == 'exit'

  begin
    reply = serve(profile, method, request['params'])
  rescue StandardError => e # one broken event must not end the plugin
    reply = { error: { code: e.is_a?(KeyError) ? -32_601 : -32_603, message: e.message } }
  end
  send_message(id: request['id'], **reply) if request.key?('id')
rescue JSON::ParserError
  warn 'skipped a line that is no message'
end
