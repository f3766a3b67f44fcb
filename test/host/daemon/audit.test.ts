import { expect, test } from 'vitest';
import { type Actor, actorText, auditRecord, logAudit } from '../../../host/daemon/audit.ts';

const CLIENT: Actor = { via: 'socket', name: 'outrigger', pid: 7, uid: 1000 };

test('auditRecord() says who did what to which plugin, and what came of it', () => {
  expect(auditRecord({ action: 'set', plugin: 'a', detail: 'mode audit', by: CLIENT })).toEqual({
    kind: 'audit',
    plugin: 'a',
    message: 'set',
    data: { action: 'set', result: 'done', detail: 'mode audit', by: CLIENT, daemon: process.pid },
  });
  expect(auditRecord({ action: 'reload', by: { via: 'files' }, reason: 'it is broken' })).toMatchObject({
    message: 'reload refused: it is broken',
    data: { result: 'refused', reason: 'it is broken' },
  });
});

test('logAudit() writes one line with the same facts', () => {
  const lines: unknown[] = [];
  const log = { debug: () => {}, warn: () => {}, error: () => {}, info: (...line: unknown[]) => void lines.push(line) };
  logAudit(log, { action: 'restart', plugin: 'a', by: { via: 'dashboard' } });
  logAudit(log, { action: 'reload', by: CLIENT, reason: 'it is broken' });
  expect(lines).toEqual([
    ['restart by the dashboard', { plugin: 'a' }],
    ['reload by outrigger, process 7 was refused', { reason: 'it is broken' }],
  ]);
});

test.each<[Actor, string]>([
  [{ via: 'network', name: 'app', address: '10.0.0.1:5' }, 'app at 10.0.0.1:5'],
  [{ via: 'signal', name: 'SIGTERM' }, 'SIGTERM'],
  [{ via: 'files' }, 'files that changed'],
  [{ via: 'process', pid: 3 }, 'process 3'],
  [{ via: 'application' }, 'the application'],
])('actorText() names %j', (actor, text) => {
  expect(actorText(actor)).toBe(text);
});
