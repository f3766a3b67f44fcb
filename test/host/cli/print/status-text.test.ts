import type { StatusResult } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { statusText } from '../../../../host/cli/print/status-text.ts';
import { readJson } from '../../../schemas/every-schema.ts';

const STATUS = readJson<StatusResult>('examples/valid/cli.status/serving.json');
const style = { paint: (_tone: string, text: string) => text, columns: undefined };

test('statusText() shows the daemon, a line for each plugin, and below what is not as it should be', () => {
  expect(statusText(STATUS, style).split('\n')).toEqual([
    'Daemon 4711 0.1.0 serving',
    'up          1 s, 117 MiB',
    'listens on  /run/user/1000/outrigger/27e5dea7c37a1482.sock',
    'config      /home/ada/project/outrigger.yaml',
    'clients     1, 0 requests in flight',
    'events      2, 1 blocked, 0 replaced',
    'journal     148 KiB, 18 written, 1 lost, 0 queued; 4 events wait for plugins, 0 dropped, 0 not kept',
    '',
    'plugin   state      pid  restarts  in flight  queued  answered  failed  memory      p50 / p99  held by',
    'protect  ready     4712         1          0       0         2       0  38 MiB  0.8 / 12.4 ms  bubblewrap, hard limits',
    'notify   backoff      –         2          0       0         0       3       –              –  –',
    'old      disabled     –         –          –       –         –       –       –              –  –',
    '',
    'protect: last exit 2026-11-21T16:50:14.174Z, crash: Cannot get an answer from plugin "protect": it exited with code 3',
    'protect: log level debug',
    'notify: next start in 800 ms',
    'notify: failed calls: PLUGIN_TIMEOUT 3',
    'notify: breaker open at conda.post_command',
    'notify: 4 events wait for it, 2048 bytes',
    'notify: 1 events set aside: it failed at them too often',
    'notify: 1 notifications dropped',
    'old: It is switched off in the config',
    '3 events went on without notify at conda.post_command: PLUGIN_TIMEOUT',
    'Journal 2026-11-21T16:50:13.000Z: database or disk is full',
  ]);
});

test('statusText() shows no control characters of a plugin, and says when there is none', () => {
  const plugins = [{ name: 'odd', state: 'stopped' as const, lastExit: { time: 't', death: 'crash', message: '\u001b[2J\nDaemon 1' } }];
  const shown = statusText({ ...STATUS, plugins }, style);
  for (const evil of ['\u001b', '\nDaemon 1']) expect(shown).not.toContain(evil);
  expect(statusText({ ...STATUS, plugins: [] }, style)).toContain('No plugins here');
});
