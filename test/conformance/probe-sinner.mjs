// Does what the kit's own hook point asks for, without an SDK, and commits the one sin its argument names.
const sin = process.argv[2] ?? '';
const write = (message) => {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
};
const open = new Map();
const whenIdle = [];
const asked = new Map();
let config = {};
let lastId = 0;
let rest = '';

const ask = (method, params) =>
  new Promise((resolve, reject) => {
    lastId += 1;
    const id = sin === 'reuses-ids' ? 'p' : `p${lastId}`;
    asked.set(id, { resolve, reject });
    write({ id, method, params });
  });
const wait = (ms, id) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    if (sin !== 'never-cancels') open.set(id, () => resolve(clearTimeout(timer)));
  });
const DO = {
  echo: ({ value }) => ({
    action: 'replace',
    value: sin === 'garbles' ? JSON.parse(JSON.stringify(value).replace(/[^\x20-\x7e]/g, '?')) : value,
  }),
  modify: () => ({ action: 'modify', changes: { value: 'modified' } }),
  block: () => ({ action: 'block', violation: { code: 'probe', reason: 'the payload says so' } }),
  fail: () => (sin === 'swallows-failures' ? {} : Promise.reject(new Error('the payload says so'))),
  wait: ({ ms }, id) => wait(ms, id),
  log: () => write({ method: 'log', params: { level: 'info', message: 'said' } }),
  progress: (_payload, _id, event) =>
    write({ method: '$/progress', params: sin === 'bad-progress' ? { percentage: 400 } : { event, percentage: 50 } }),
  config: () => ({ action: 'replace', value: config }),
  storage: async ({ value }) => {
    await ask('storage/set', { key: 'probe', value });
    return { action: 'replace', value: (await ask('storage/get', { key: 'probe' })).value };
  },
};

async function call({ hook, payload, event }, id) {
  try {
    const result = hook === 'probe.call' && DO[payload?.do] ? await DO[payload.do](payload, id, event) : {};
    write({ id, result: result ?? {} });
  } catch (error) {
    write({ id, error: { code: -32603, message: String(error.message ?? error) } });
  }
  open.delete(id);
  if (open.size === 0) for (const tell of whenIdle.splice(0)) tell();
}

const TAKE = {
  initialize: ({ config: given }, id) => {
    config = given;
    const declined = typeof given.disable === 'string' && sin !== 'never-declines';
    write({ id, result: { protocol: 1, ...(declined ? { disable: given.disable } : {}) } });
  },
  'hook/invoke': call,
  'hook/notify': ({ payload }) => {
    DO[payload?.do]?.(payload);
    if (sin === 'answers-notify') write({ id: 0, result: {} });
  },
  'config/changed': ({ config: changed }) => {
    if (sin !== 'deaf-to-config') config = changed;
  },
  '$/cancelRequest': ({ id }) => open.get(id)?.(),
  shutdown: async (_params, id) => {
    if (open.size > 0 && sin !== 'shuts-down-first') await new Promise((resolve) => whenIdle.push(resolve));
    write({ id, result: {} });
  },
  ping: (_params, id) => write({ id, result: {} }),
  exit: () => process.exit(0),
};
let turn = Promise.resolve();

function take(line) {
  const message = JSON.parse(line);
  const { id, method, params = {}, result, error } = message;
  if (method === undefined) {
    if (!asked.has(id) && sin === 'dies-of-late-answers') process.exit(1);
    error ? asked.get(id)?.reject(error) : asked.get(id)?.resolve(result);
    asked.delete(id);
  } else if (TAKE[method]) {
    const run = () => TAKE[method](params ?? {}, id);
    const isSlow = sin === 'one-at-a-time' ? method === 'hook/invoke' : sin === 'deaf-while-busy' && method !== '$/cancelRequest';
    if (isSlow) turn = turn.then(run);
    else run();
  } else if (id !== undefined) write({ id, result: {} });
}

process.stdin.setEncoding('utf8').on('data', (chunk) => {
  const lines = (sin === 'reads-chunks' ? `${chunk}\n` : rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) {
    try {
      take(line);
    } catch {}
  }
});
process.stdin.on('end', () => sin === 'lingers' || process.exit(0));
