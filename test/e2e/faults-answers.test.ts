import { expect, test } from 'vitest';
import { waitUntil } from '../support/wait-until.ts';
import { answerOf, document, logbook, statusOf, withHost } from './faults-host.ts';

test('emit() takes the first of two answers and counts the second', async () => {
  await withHost({ 'answers-twice': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcomes = [await host.emit('app.save', document()), await host.emit('app.save', document())];

    for (const outcome of outcomes) {
      expect(outcome.payload).toEqual({ title: 'first', owner: 'us', tags: ['good'] });
      expect(outcome.trace.answers).toHaveLength(2);
    }
    // The answer to `initialize` is given once. The second to the last event may come after the first was taken.
    await waitUntil(() => statusOf(host, 'answers-twice').connection?.unknownReplies === 2, 'the last answer');
    expect(statusOf(host, 'answers-twice')).toMatchObject({ starts: 1, answered: 2, failed: {}, connection: { unknownReplies: 2 } });
  });
});

test('emit() is not moved by answers to requests that were never made', async () => {
  await withHost({ 'answers-unknown-id': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document());

    expect(outcome.payload).toEqual({ title: 'sin', owner: 'us', tags: ['good'] });
    expect(answerOf(outcome, 'answers-unknown-id').status).toBe('continued');
    expect(statusOf(host, 'answers-unknown-id')).toMatchObject({ starts: 1, failed: {}, connection: { unknownReplies: 6 } });
  });
});

test('emit() finds the answer between stray text, which is counted and shown without its control characters', async () => {
  await withHost({ 'garbage-line': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document());
    const next = await host.emit('app.save', document('fine'));

    expect(answerOf(outcome, 'garbage-line').status).toBe('continued');
    expect(answerOf(next, 'garbage-line').status).toBe('continued');
    expect(outcome.payload.tags).toEqual(['good']);
    const { connection, starts } = statusOf(host, 'garbage-line');
    expect(starts).toBe(1);
    expect(connection).toMatchObject({ pollutionLines: 2, invalidMessages: 1 });
    expect(connection.pollutionSample).toMatch(/^Hello .*world$/);
    expect(connection.pollutionSample).not.toContain('\u001b');
  });
});

test('emit() fails a plugin that pollutes stdout beyond the limit, and a fresh one answers the next event', async () => {
  await withHost({ 'garbage-line': {}, 'adds-tag': {} }, { limits: { pollutionLines: 100 } }, async (host) => {
    const outcome = await host.emit('app.save', document('flood'));
    const next = await host.emit('app.save', document('fine'));

    const answer = answerOf(outcome, 'garbage-line');
    expect(answer).toMatchObject({ status: 'failed', code: 'PLUGIN_POLLUTED' });
    expect(answer.message).toContain('what a mess');
    expect(outcome.payload.tags).toEqual(['good']);
    expect(answerOf(next, 'garbage-line').status).toBe('continued');
    expect(statusOf(host, 'garbage-line')).toMatchObject({ starts: 2, lastExit: { death: 'protocol' } });
  });
});

test('emit() gives up a call when half a message is followed by silence, and the plugin is replaced', async () => {
  await withHost({ 'half-a-message': { timeoutMs: 300 }, 'adds-tag': {} }, {}, async (host) => {
    await host.emit('app.save', document('warm'));
    const { pid } = statusOf(host, 'half-a-message');
    const outcome = await host.emit('app.save', document());
    await waitUntil(() => statusOf(host, 'half-a-message').lastExit?.death === 'hung', 'the plugin to be killed');
    const next = await host.emit('app.save', document('fine'));

    expect(answerOf(outcome, 'half-a-message')).toMatchObject({ status: 'failed', code: 'PLUGIN_TIMEOUT', pid });
    expect(outcome.payload.tags).toEqual(['good']);
    expect(answerOf(next, 'half-a-message').status).toBe('continued');
    expect(answerOf(next, 'half-a-message').pid).not.toBe(pid);
  });
});

test('emit() fails a call whose answer is not UTF-8, and the process goes on', async () => {
  await withHost({ 'invalid-utf8': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document());
    const next = await host.emit('app.save', document('fine'));

    expect(answerOf(outcome, 'invalid-utf8')).toMatchObject({ status: 'failed', code: 'MESSAGE_INVALID' });
    expect(outcome.payload.tags).toEqual(['good']);
    expect(answerOf(next, 'invalid-utf8')).toMatchObject({ status: 'continued', pid: answerOf(outcome, 'invalid-utf8').pid });
    expect(statusOf(host, 'invalid-utf8')).toMatchObject({ starts: 1, connection: { invalidMessages: 1 } });
  });
});

test('emit() refuses a change of "__proto__" at the top, and no prototype changes', async () => {
  await withHost({ 'proto-pollution': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document());

    expect(answerOf(outcome, 'proto-pollution')).toMatchObject({ status: 'failed', code: 'ANSWER_NOT_WRITABLE' });
    expect(outcome.payload).toEqual({ title: 'sin', owner: 'us', tags: ['good'] });
    expect({}).not.toHaveProperty('polluted');
  });
});

test('emit() keeps "__proto__" inside a writable part as plain data, and no prototype changes', async () => {
  await withHost({ 'proto-pollution': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document('inside'));

    const { extra = {}, tags } = outcome.payload as { extra?: object; tags: string[] };
    expect(answerOf(outcome, 'proto-pollution').status).toBe('modified');
    expect(tags).toEqual(['good']);
    expect(Object.keys(extra)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(extra)).toBe(Object.prototype);
    expect({}).not.toHaveProperty('polluted');
    expect(Object.prototype).not.toHaveProperty('polluted');
  });
});

test('emit() refuses an answer 20 000 levels deep, and the process goes on', async () => {
  await withHost({ 'deep-json': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document());
    const next = await host.emit('app.save', document('fine'));

    expect(answerOf(outcome, 'deep-json')).toMatchObject({ status: 'failed', code: 'ANSWER_INVALID' });
    expect(outcome.payload.tags).toEqual(['good']);
    expect(answerOf(next, 'deep-json').status).toBe('continued');
    expect(statusOf(host, 'deep-json').starts).toBe(1);
  });
});

test('a log record 20 000 levels deep harms no logger that writes JSON', async () => {
  const { log } = logbook();
  const written: string[] = [];
  const info = (message: string, fields: object = {}): void => {
    written.push(JSON.stringify({ message, fields }));
  };
  await withHost({ 'deep-json': {}, 'adds-tag': {} }, { log: { ...log, info } }, async (host) => {
    const outcome = await host.emit('app.save', document('log'));

    expect(answerOf(outcome, 'deep-json').status).toBe('continued');
    expect(outcome.payload.tags).toEqual(['good']);
    expect(statusOf(host, 'deep-json')).toMatchObject({ starts: 1, connection: { invalidMessages: 1 } });
  });
  expect(written.join()).not.toContain('"a":');
});

test('a value 20 000 levels deep cannot be stored, and the host goes on', async () => {
  await withHost({ 'deep-json': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document('store'));
    const next = await host.emit('app.save', document('fine'));

    expect(answerOf(outcome, 'deep-json')).toMatchObject({ status: 'continued', metadata: { code: 'REQUEST_INVALID' } });
    expect(answerOf(next, 'deep-json').status).toBe('continued');
    expect(statusOf(host, 'deep-json').starts).toBe(1);
  });
});

test.each([
  { answer: '{"action":"explode"}', code: 'ANSWER_INVALID' },
  { answer: '{"action":"modify"}', code: 'ANSWER_INVALID' },
  { answer: '{"action":"modify","changes":{},"violation":{"code":"A","reason":"B"}}', code: 'ANSWER_INVALID' },
  { answer: '{"action":"block"}', code: 'ANSWER_INVALID' },
  { answer: '"continue"', code: 'ANSWER_INVALID' },
  { answer: '[]', code: 'ANSWER_INVALID' },
  { answer: 'false', code: 'ANSWER_INVALID' },
  { answer: '{"changes":{"title":"x"}}', code: 'ANSWER_INVALID' },
  { answer: '{"action":"modify","changes":{"title":7}}', code: 'ANSWER_PAYLOAD_INVALID' },
  { answer: '{"action":"modify","changes":{"title":null}}', code: 'ANSWER_PAYLOAD_INVALID' },
  { answer: '{"action":"modify","changes":{"tags":{"0":"x"}}}', code: 'ANSWER_PAYLOAD_INVALID' },
  { answer: '{"action":"replace","value":7}', code: 'ANSWER_VALUE_INVALID' },
  { answer: '{"state":{}', code: 'MESSAGE_INVALID' },
])('emit() fails the answer $answer with $code and drops all of it', async ({ answer, code }) => {
  await withHost({ 'breaks-schema': {}, 'adds-tag': {} }, {}, async (host) => {
    const outcome = await host.emit('app.save', document(answer));

    expect(answerOf(outcome, 'breaks-schema')).toMatchObject({ status: 'failed', code, failOpen: true });
    expect(outcome.payload).toEqual({ title: answer, owner: 'us', tags: ['good'] });
    expect(outcome.status).toBe('continued');
    expect(statusOf(host, 'breaks-schema')).toMatchObject({ state: 'ready', starts: 1 });
    expect(host.stats().failOpens).toEqual({ [`breaks-schema app.save ${code}`]: 1 });
  });
});

test('emit() drops an answer that also edits outside writable, and the event is blocked when the plugin must not fail', async () => {
  const plugins = { 'edits-outside-writable': {}, 'adds-tag': {} };
  await withHost(plugins, {}, async (host) => {
    const outcome = await host.emit('app.save', document());

    expect(answerOf(outcome, 'edits-outside-writable')).toMatchObject({ status: 'failed', code: 'ANSWER_NOT_WRITABLE' });
    expect(outcome.payload).toEqual({ title: 'sin', owner: 'us', tags: ['good'] });
  });
  await withHost(plugins, { onFailure: 'fail' }, async (host) => {
    const outcome = await host.emit('app.save', document());

    expect(outcome).toMatchObject({ status: 'blocked', by: 'edits-outside-writable', cause: 'failure' });
    expect(outcome.violation?.code).toBe('ANSWER_NOT_WRITABLE');
    expect(outcome.payload).toEqual(document());
  });
});
