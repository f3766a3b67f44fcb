type Read = <T>(path: string) => T;

interface Step {
  readonly from: 'host' | 'plugin';
  readonly message: object;
}

/** A plugin's whole life as it goes over the wire, made from the valid examples. */
export function exchange(framing: 'lines' | 'content-length', read: Read): string {
  const lengthOf = (text: string) => Buffer.byteLength(text);
  return steps(read)
    .map(({ from, message }) => {
      const text = JSON.stringify({ jsonrpc: '2.0', ...message });
      const arrow = from === 'host' ? '→' : '←';
      if (framing === 'lines') return `${arrow} ${text}`;
      return [`${arrow} Content-Length: ${lengthOf(text)}\\r\\n`, `${arrow} \\r\\n`, `${arrow} ${text}`].join('\n');
    })
    .join('\n');
}

function steps(read: Read): Step[] {
  const example = (path: string) => read<unknown>(`examples/valid/${path}.json`);
  return [
    { from: 'host', message: { id: 1, method: 'initialize', params: example('initialize.params/first-message') } },
    { from: 'plugin', message: { id: 1, result: {} } },
    { from: 'host', message: { id: 2, method: 'hook/invoke', params: example('hook-invoke.params/pre-command') } },
    { from: 'plugin', message: { id: 2, result: example('answer/modify') } },
    { from: 'host', message: { method: 'hook/notify', params: example('hook-notify.params/continued') } },
    { from: 'host', message: { id: 3, method: 'ping', params: {} } },
    { from: 'plugin', message: { id: 3, result: {} } },
    { from: 'host', message: { id: 4, method: 'shutdown', params: {} } },
    { from: 'plugin', message: { id: 4, result: {} } },
    { from: 'host', message: { method: 'exit', params: {} } },
  ];
}
