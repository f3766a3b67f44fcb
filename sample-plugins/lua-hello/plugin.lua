-- An Outrigger plugin without an SDK, in Lua with dkjson: one JSON message a line on stdin and stdout. stderr is the log.
local json = require 'dkjson'

io.stdout:setvbuf('line')

-- In Lua {} could be a list: this one is an object.
local empty = setmetatable({}, { __jsontype = 'object' })

-- The answer to one event. {} means: go on.
local function handle(hook, payload)
  if hook ~= 'conda.pre_command' then return empty end
  io.stderr:write('about to run ', payload.command, '\n')
  return { action = 'modify', changes = { env = { HELLO_LUA = 'from ' .. _VERSION } } }
end

local function answer(method, params)
  if method == 'hook/invoke' then return handle(params.hook, params.payload) end
  if method == 'initialize' or method == 'ping' or method == 'shutdown' then return empty end
  error({ code = -32601, message = 'Cannot handle "' .. method .. '": this plugin has no such method' })
end

local function reply(id, isAnswered, value)
  if isAnswered then return { jsonrpc = '2.0', id = id, result = value } end
  if type(value) ~= 'table' then value = { code = -32603, message = tostring(value) } end
  return { jsonrpc = '2.0', id = id, error = value }
end

for line in io.lines() do
  local isRead, request = pcall(json.decode, line)
  if not isRead or type(request) ~= 'table' then
    io.stderr:write('skipped a line that is no message\n')
  elseif request.method == 'exit' then
    break
  elseif request.method and request.id then
    io.write(json.encode(reply(request.id, pcall(answer, request.method, request.params))), '\n')
  end
end
