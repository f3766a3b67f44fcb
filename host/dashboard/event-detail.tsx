import type { Change, Trace, TracedAnswer } from '@outrigger/schemas';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { milliseconds, resultTone, value, visible } from './format.tsx';

/** One event in full: a waterfall of its calls, and what each of them changed. */
export function EventDetail({ event }: { readonly event: string }): JSX.Element {
  const [found, setFound] = useState<Trace | string>('…');
  useEffect(() => {
    const abort = new AbortController();
    read(event, abort.signal).then(setFound, (error: Error) => {
      if (!abort.signal.aborted) setFound(error.message);
    });
    return () => abort.abort();
  }, [event]);
  if (typeof found === 'string') return <p class="empty">{found}</p>;
  return <TraceView trace={found} />;
}

async function read(event: string, signal: AbortSignal): Promise<Trace> {
  const answer = await fetch(`/api/trace?event=${encodeURIComponent(event)}`, { signal });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return (await answer.json()) as Trace;
}

function TraceView({ trace }: { readonly trace: Trace }): JSX.Element {
  const { hook, event, time, durationMs, outcome, answers, skipped } = trace;
  const wholeMs = Math.max(durationMs, ...answers.map((one) => one.startMs + one.durationMs), 0.001);
  const conflicts = outcome.changed.filter(({ by }) => by.length > 1);
  return (
    <article>
      <h3>{visible(hook)}</h3>
      <p class="faint">
        {event} · {new Date(time).toLocaleString([], { hour12: false })} · {milliseconds(durationMs)}
      </p>
      <p>
        <span class={`tag ${resultTone(outcome.status)}`}>{outcome.status}</span>
        {outcome.by !== undefined && ` by ${visible(outcome.by)}`}
        {outcome.violation !== undefined && `: ${visible(outcome.violation.code)}, ${visible(outcome.violation.reason)}`}
      </p>
      <ol class="waterfall">
        {answers.map((answer, place) => (
          // A plugin can be asked once only, but its name may be that of a handler too.
          <Call key={`${place} ${answer.plugin}`} answer={answer} wholeMs={wholeMs} />
        ))}
      </ol>
      {conflicts.map(({ pointer, by }) => (
        <p class="note" key={pointer}>
          <code>{visible(pointer)}</code> was written by {by.map(visible).join(', then ')}: the last one won
        </p>
      ))}
      {skipped.length > 0 && (
        <p class="faint">Not asked: {skipped.map(({ plugin, reason }) => `${visible(plugin)} (${reason})`).join(', ')}</p>
      )}
    </article>
  );
}

function Call({ answer, wholeMs }: { readonly answer: TracedAnswer; readonly wholeMs: number }): JSX.Element {
  const { plugin, mode, status, startMs, durationMs, code, message, failOpen, violation, changes, would, coldStart, attempts } = answer;
  const bar = { left: `min(${(100 * startMs) / wholeMs}%, 100% - 3px)`, width: `max(3px, ${(100 * durationMs) / wholeMs}%)` };
  const facts = [
    mode.replaceAll('_', ' '),
    milliseconds(durationMs),
    ...(coldStart ? ['started for it'] : []),
    ...((attempts ?? 1) > 1 ? [`${attempts} attempts`] : []),
  ];
  return (
    <li>
      <div class="call">
        <strong>{visible(plugin)}</strong>
        <span class={`tag ${resultTone(status)}`}>{failOpen ? 'failed open' : status}</span>
        <span class="faint">{facts.join(', ')}</span>
      </div>
      <div class="track" aria-hidden="true">
        <div class={`bar ${resultTone(status)}`} style={bar} />
      </div>
      {code !== undefined && (
        <p class="note bad">
          {code}: {visible(message ?? '')}
        </p>
      )}
      {violation !== undefined && (
        <p class="note bad">
          {visible(violation.code)}: {visible(violation.reason)}
        </p>
      )}
      {would !== undefined && <p class="note">It would {would.action}; its mode does not let it</p>}
      <Changes changes={changes ?? would?.changes ?? []} />
    </li>
  );
}

function Changes({ changes }: { readonly changes: readonly Change[] }): JSX.Element | null {
  if (changes.length === 0) return null;
  return (
    <dl class="changes">
      {changes.map(({ pointer, op, from, to }) => (
        <div key={pointer}>
          <dt>
            <code>{visible(pointer)}</code>
          </dt>
          <dd>
            {op !== 'add' && <del>{value(from)}</del>}
            {op !== 'remove' && <ins>{value(to)}</ins>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
