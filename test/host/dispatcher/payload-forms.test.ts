import { expect, test } from 'vitest';
import { EventRun } from '../../../host/dispatcher/event-run.ts';
import { PayloadForms } from '../../../host/dispatcher/payload-forms.ts';
import { handler, loadHook, planOf } from '../../support/events.ts';

async function forms(): Promise<{ made: PayloadForms; run: EventRun }> {
  const hook = await loadHook();
  const run = new EventRun(planOf(hook, [handler(hook, 'h', () => undefined)]), { title: 'x' }, { origin: {}, now: 0, hasBudget: true });
  return { made: new PayloadForms(run), run };
}

test('text() is made once for a payload, and anew for another', async () => {
  const { made, run } = await forms();
  const payload = { title: 'one' };
  const text = made.text(payload);
  payload.title = 'changed behind our back';

  expect(made.text(payload)).toBe(text);
  expect(JSON.parse(`{${text}}`)).toMatchObject({ event: run.event, payload: { title: 'one' } });
  expect(made.text({ title: 'two' })).toContain('"title":"two"');
});

test('view() is made once for a payload, and anew for another', async () => {
  const { made } = await forms();
  const payload = { title: 'one' };
  const view = made.view(payload);

  expect(made.view(payload)).toBe(view);
  expect(view).not.toBe(payload);
  expect(made.view({ title: 'two' })).toEqual({ title: 'two' });
});

test('text() and view() refuse what is no JSON', async () => {
  const { made } = await forms();
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const refusal = expect.objectContaining({
    code: 'PAYLOAD_INVALID',
    message: expect.stringMatching(/^Cannot emit "app\.save": the payload is not JSON: /),
  });

  expect(() => made.text(circle)).toThrow(refusal);
  expect(() => made.view(circle)).toThrow(refusal);
});

test('end() weighs the text, else the copy, and lets go of them', async () => {
  const { made } = await forms();
  const payload = { title: 'x'.repeat(10_000) };
  made.view(payload);
  expect(made.end()).toBeGreaterThan(10_000);

  const view = made.view(payload);
  const text = made.text(payload);
  expect(made.end()).toBeGreaterThan(10_000);

  expect(made.view(payload)).not.toBe(view);
  expect(made.text(payload)).toEqual(text);
});
