import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { HostError } from '../../../../host/protocol/errors.ts';
import { listenInside } from '../../../../host/sandbox/network/listen-inside.ts';
import { blockedPid, end, STARTS, startBlocked, testSandboxed } from './sandboxed.ts';

const LISTEN = '0A';

/** TCP ports that something listens on in the network namespace of a process. */
function portsInside(pid: number): number[] {
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1);
  const listening = rows.map((row) => row.trim().split(/\s+/)).filter((columns) => columns[3] === LISTEN);
  return listening.map((columns) => Number.parseInt(columns[1]?.split(':')[1] ?? '', 16));
}

/** Processes other than the blocked one in its network namespace. */
function othersInside(pid: number): string[] {
  const space = (id: string | number): string | undefined => {
    try {
      return execFileSync('readlink', [`/proc/${id}/ns/net`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      return undefined;
    }
  };
  const own = space(pid);
  return readdirSync('/proc').filter((id) => /^\d+$/.test(id) && Number(id) !== pid && space(id) === own);
}

describe.each(STARTS)('listenInside() in a sandbox $name', ({ isDropped }) => {
  testSandboxed()('listens there and not here, and leaves no process behind', async () => {
    const child = startBlocked({ command: ['/bin/true'], isDropped });
    const pid = await blockedPid(child);
    try {
      const server = await listenInside({ plugin: 'test', pid, port: 43_128 });

      expect(portsInside(pid)).toEqual([43_128]);
      expect(portsInside(process.pid)).not.toContain(43_128);
      expect(othersInside(pid)).toEqual([]);
      server.close();
      await once(server, 'close');
      expect(portsInside(pid)).toEqual([]);
    } finally {
      end(pid);
    }
    await once(child, 'exit');
  });
});

testSandboxed()('listenInside() works as built', async () => {
  const built = new URL('../../../../host/dist/sandbox/network/listen-inside.js', import.meta.url);
  expect(existsSync(built)).toBe(true);
  const child = startBlocked({ command: ['/bin/true'] });
  const pid = await blockedPid(child);
  try {
    const script = `import { listenInside } from ${JSON.stringify(built.href)};
      const server = await listenInside({ plugin: 'test', pid: ${pid} }); console.log(server.address().port); server.close();`;
    const found = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 20_000 });

    expect(found).toBe('3128\n');
  } finally {
    end(pid);
  }
  await once(child, 'exit');
});

testSandboxed()('listenInside() says why it cannot', async () => {
  const child = startBlocked({ command: ['/bin/true'] });
  const pid = await blockedPid(child);
  try {
    const first = await listenInside({ plugin: 'test', pid });
    await expect(listenInside({ plugin: 'test', pid })).rejects.toThrow('EADDRINUSE');
    first.close();
  } finally {
    end(pid);
  }
  await once(child, 'exit');

  await expect(listenInside({ plugin: 'test', pid: 2 ** 30 })).rejects.toThrow(
    /^Cannot open the network of plugin "test": .*nsenter.*No such file/,
  );
});

test('listenInside() refuses what is no process', async () => {
  for (const pid of [0, 1, -1, 1.5, Number.NaN]) {
    await expect(listenInside({ plugin: 'test', pid })).rejects.toBeInstanceOf(HostError);
  }
});
