import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { EventLine } from '../daemon/http/types.ts';
import { EventDetail } from './event-detail.tsx';
import { clock, milliseconds, resultTone, visible } from './format.tsx';

/** What happened last, newest first, and one of it in full. */
export function Events({ events }: { readonly events: readonly EventLine[] }): JSX.Element {
  const [filter, setFilter] = useState('');
  const [chosen, setChosen] = useState<string>();
  const [held, setHeld] = useState<readonly EventLine[]>();
  const shown = (held ?? events).filter(({ hook, failures, status }) => `${hook} ${status} ${failures.join(' ')}`.includes(filter));
  return (
    <section aria-labelledby="events-title" class="events">
      <header>
        <h2 id="events-title">Events</h2>
        <input
          type="search"
          placeholder="Hook, outcome or code"
          aria-label="Filter events"
          value={filter}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
        />
        <button type="button" aria-pressed={held !== undefined} onClick={() => setHeld(held === undefined ? events : undefined)}>
          {held === undefined ? 'Pause' : 'Go on'}
        </button>
      </header>
      <div class="split">
        <ul class="lines" aria-label="Latest events">
          {shown.length === 0 && <li class="empty">{events.length === 0 ? 'No event yet.' : 'No event fits the filter.'}</li>}
          {shown.toReversed().map((line) => (
            <li key={line.event}>
              <button type="button" aria-pressed={line.event === chosen} onClick={() => setChosen(line.event)} data-event={line.event}>
                <EventText line={line} />
              </button>
            </li>
          ))}
        </ul>
        <div class="detail" aria-live="polite">
          {chosen === undefined ? (
            <p class="empty">Choose an event to see who ran, and who changed what.</p>
          ) : (
            <EventDetail event={chosen} />
          )}
        </div>
      </div>
    </section>
  );
}

function EventText({ line }: { readonly line: EventLine }): JSX.Element {
  const { hook, time, durationMs, status, by, calls, failures, modified } = line;
  return (
    <>
      <time dateTime={new Date(time).toISOString()}>{clock(time)}</time>
      <span class="name">{visible(hook)}</span>
      <span class={`tag ${resultTone(status)}`}>
        {status}
        {by === undefined ? '' : ` by ${visible(by)}`}
      </span>
      {modified > 0 && <span class="tag good">{modified} modified</span>}
      {failures.map((code) => (
        <span class="tag bad" key={code}>
          {code}
        </span>
      ))}
      <span class="faint end">
        {calls} {calls === 1 ? 'call' : 'calls'}, {milliseconds(durationMs)}
      </span>
    </>
  );
}
