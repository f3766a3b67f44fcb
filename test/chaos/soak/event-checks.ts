import type { TracedAnswer } from '@outrigger/schemas';
import type { Evidence } from './checks.ts';
import type { Member } from './fleet.ts';
import { check } from './tally.ts';
import type { Check, Fired, Heard } from './types.ts';

function sure({ members }: Evidence): Member[] {
  return members.filter(({ isSure }) => isSure);
}

/** Events that a client was told are over, and that somebody heard. */
function accepted({ books }: Evidence, hook: string): Fired[] {
  return books.fired.filter((fired) => fired.hook === hook && fired.event !== undefined && fired.event !== '');
}

export function delivered(evidence: Evidence): Check {
  const { books } = evidence;
  const promised = accepted(evidence, 'soak.note');
  const excused = new Set(books.records.filter(({ kind }) => kind === 'delivery').map(({ plugin, event }) => `${plugin} ${event}`));
  let calls = 0;
  const lost = sure(evidence).flatMap(({ name }) => {
    const heard = books.heard.get(name) ?? [];
    calls += heard.length;
    const ids = new Set(heard.map(({ event }) => event));
    return promised.filter(({ event }) => !ids.has(event as string)).map(({ event, client, n }) => ({ plugin: name, event, client, n }));
  });
  const unexcused = lost.filter(({ plugin, event }) => !excused.has(`${plugin} ${event}`));
  const doubled = calls - sure(evidence).reduce((sum, { name }) => sum + new Set(books.heard.get(name)?.map(({ event }) => event)).size, 0);
  const facts = `${promised.length} events accepted, ${calls} deliveries to ${sure(evidence).length} plugins, ${doubled} of them again with the same id, ${lost.length - unexcused.length} set aside on record, ${books.spooled.filter(({ aside }) => aside === null).length} still waiting`;
  return check('no at-least-once event is lost', unexcused, facts);
}

export function inOrder(evidence: Evidence): Check {
  let pairs = 0;
  const bad = sure(evidence).flatMap(({ name }) => {
    const last = new Map<string, Heard>();
    const seen = new Set<string>();
    return (evidence.books.heard.get(name) ?? []).flatMap((heard) => {
      if (seen.has(heard.event)) return [];
      seen.add(heard.event);
      const before = last.get(heard.client);
      last.set(heard.client, heard);
      pairs++;
      return before !== undefined && before.n > heard.n ? [{ plugin: name, before, heard }] : [];
    });
  });
  return check('each client’s events reach a plugin in order', bad, `${pairs} first deliveries`);
}

/** Calls of one plugin about one event. */
function callsOf({
  members,
  books,
}: Evidence): { member: Member; event: string; calls: readonly Heard[]; answer: TracedAnswer | undefined }[] {
  return members
    .filter(({ isSure }) => !isSure)
    .flatMap((member) =>
      [...Map.groupBy(books.heard.get(member.name) ?? [], ({ event }) => event)].map(([event, calls]) => ({
        ...{ member, event, calls },
        answer: books.traces.get(event)?.answers.find(({ plugin }) => plugin === member.name),
      })),
    );
}

export function once(evidence: Evidence): Check {
  const calls = callsOf(evidence);
  const again = calls.filter((one) => one.calls.length > 1);
  // A second try stands in the trace, and happens only where the hook point allows it; without a trace the daemon was killed inside the event.
  const bad = again.filter(({ member, calls, answer }) => member.hook !== 'soak.lookup' || calls.length > (answer?.attempts ?? 2));
  const facts = `${calls.length} calls, ${again.length} tried again after a crash as the trace says`;
  return check(
    'no call is doubled',
    bad.map(({ member, calls, answer }) => ({ plugin: member.name, calls, answer })),
    facts,
  );
}

export function answered({ members, books }: Evidence): Check {
  const heard = new Map(members.map(({ name }) => [name, new Set(books.heard.get(name)?.map(({ event }) => event))]));
  let answers = 0;
  const bad = [...books.traces.values()].flatMap(({ event, answers: all }) =>
    all.filter(({ plugin, status }) => {
      if (status === 'failed' || status === 'cancelled' || status === 'delivered') return false;
      answers++;
      return heard.get(plugin)?.has(event) !== true;
    }),
  );
  return check('who answered was asked', bad, `${answers} answers in ${books.traces.size} traces`);
}
