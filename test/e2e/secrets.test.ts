import { expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { answerOf, document, logbook, statusOf, withHost } from './faults-host.ts';

const VALUE = 'hush/hush value';
const secrets = (name: string): string | undefined => (name.endsWith('TOKEN') ? VALUE : undefined);
const told = (what: unknown): string => JSON.stringify(what);

test('a secret reaches the plugin it is granted to and what that changes, and no log and no trace', async () => {
  const { log, records } = logbook();
  const traces: string[] = [];
  const onTrace = (read: () => unknown): void => void traces.push(told(read()));
  await withHost({ 'tells-secret': {}, 'adds-tag': {} }, { secrets, log, onTrace }, async (host) => {
    const outcome = await host.emit('app.save', document());

    await waitUntil(() => records.some(({ message }) => message.startsWith('on stderr')), 'its line on stderr');
    expect(outcome.payload.title).toBe(VALUE);
    expect(records.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['in the log: [secret EXAMPLE_TOKEN]', 'on stderr: [secret EXAMPLE_TOKEN]']),
    );
    expect(host.traces()[0]?.answers[0]).toMatchObject({
      plugin: 'tells-secret',
      metadata: { value: '[secret EXAMPLE_TOKEN]', url: '[secret EXAMPLE_TOKEN]' },
      changes: [{ pointer: '/title', to: '[secret EXAMPLE_TOKEN]' }],
    });
    for (const text of [told(records), ...traces, told(host.traces()), told(host.trace(outcome.event)), told(outcome.trace)]) {
      expect(text).toContain('[secret EXAMPLE_TOKEN]');
      expect(text).not.toMatch(/hush/);
    }
  });
});

test('a secret is in no record of an event, whether it is the latest or others came after it', async () => {
  await withHost({ 'tells-secret': {} }, { secrets }, async (host) => {
    const { event, trace } = await host.emit('app.save', document('tell much'));
    await host.emit('app.save', document('tell much'));

    expect(trace.answers[0]?.metadata).toEqual({ list: new Array(200).fill('it is [secret EXAMPLE_TOKEN]') });
    expect(host.trace(event)).toEqual(trace);
    expect(told(host.traces())).not.toMatch(/hush/);
  });
});

test('a secret is in no error and no last words of a plugin', async () => {
  const { log, records } = logbook();
  await withHost({ 'tells-secret': {} }, { secrets, log, onFailure: 'fail' }, async (host) => {
    const failed = await host.emit('app.save', document('fail'));
    const died = await host.emit('app.save', document('die'));
    await waitUntil(() => statusOf(host, 'tells-secret').lastExit !== undefined, 'its end');

    expect(told(failed)).toContain('cannot log in with [secret EXAMPLE_TOKEN]');
    expect(statusOf(host, 'tells-secret').lastExit?.stderr).toEqual(['last words: [secret EXAMPLE_TOKEN]']);
    for (const what of [failed, died, host.plugins(), records]) expect(told(what)).not.toMatch(/hush/);
  });
});

test('a plugin does not see a secret that it may only send', async () => {
  await withHost({ 'tells-secret': {} }, { secrets }, async (host) => {
    const outcome = await host.emit('app.save', document('sent'));

    expect(outcome.payload.title).toMatch(/^PERMISSION_DENIED: .*may send it to localhost with net\/fetch, but not see it$/);
  });
});

test('a plugin whose grant leaves a secret out does not get it', async () => {
  let asked = 0;
  const counting = (): string => String(asked++);
  await withHost({ 'tells-secret': { grant: { secrets: [] } } }, { secrets: counting }, async (host) => {
    const outcome = await host.emit('app.save', document());

    expect(outcome.payload.title).toMatch(/^PERMISSION_DENIED: .*outrigger plugins trust tells-secret$/);
    expect(asked).toBe(0);
  });
});

test('a plugin gets what it asks for at first use when the operator agrees', async () => {
  const questions: unknown[] = [];
  const onPermissionRequest = ({ plugin, permissions, reason }: { plugin: string; permissions: unknown; reason: string | undefined }) => {
    questions.push({ plugin, permissions, reason });
    return 'once' as const;
  };
  const grant = { services: [] };
  await withHost({ 'asks-for-more': { grant } }, { onPermissionRequest }, async (host) => {
    const ask = async (extra: Record<string, unknown>) =>
      answerOf(await host.emit('app.save', { ...document(), extra }), 'asks-for-more').metadata;

    expect(await ask({ services: ['storage'] })).toMatchObject({ request: { granted: true, effective: 'now' }, storage: 'stored' });
    expect(await ask({ services: ['storage'] })).toMatchObject({ request: { granted: true } });
    expect(await ask({ env: ['EXAMPLE_VARIABLE'] })).toMatchObject({ request: { granted: true, effective: 'restart' }, variable: null });
    expect(await ask({ ipc: true })).toMatchObject({ request: 'PERMISSION_DENIED' });
  });
  expect(questions).toEqual([
    { plugin: 'asks-for-more', permissions: { services: ['storage'] }, reason: 'to show how' },
    { plugin: 'asks-for-more', permissions: { env: ['EXAMPLE_VARIABLE'] }, reason: 'to show how' },
  ]);
});

test('a plugin gets nothing more where nobody is asked', async () => {
  await withHost({ 'asks-for-more': { grant: { services: [] } } }, {}, async (host) => {
    const outcome = await host.emit('app.save', { ...document(), extra: { services: ['storage'] } });

    expect(answerOf(outcome, 'asks-for-more').metadata).toMatchObject({ request: { granted: false }, storage: 'PERMISSION_DENIED' });
  });
});
