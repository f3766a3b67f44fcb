import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { duration, memory, milliseconds, type Plugin, stateTone, visible } from './format.tsx';
import { act } from './live.tsx';

type Action = 'restart' | 'enable' | 'disable';

interface Asked {
  readonly action: Action;
  readonly plugin: string;
}

const QUESTIONS: Readonly<Record<Action, string>> = {
  restart: 'Its process ends and a new one starts. Calls it is at work on fail, each with the policy of its subscription.',
  disable: 'It is switched off in the config file: no event reaches it any more, guards included.',
  enable: 'It is switched on in the config file.',
};

/** Every plugin with its state, and what an operator can do about it. */
export function Plugins({ plugins }: { readonly plugins: readonly Plugin[] }): JSX.Element {
  const [asked, setAsked] = useState<Asked>();
  const [result, setResult] = useState('');
  const confirm = (): void => {
    if (asked === undefined) return;
    setAsked(undefined);
    setResult('…');
    act(asked.action, asked.plugin).then(setResult, (error: Error) => setResult(error.message));
  };
  return (
    <section aria-labelledby="plugins-title">
      <h2 id="plugins-title">Plugins</h2>
      <p class="result" role="status">
        {visible(result)}
      </p>
      {plugins.length === 0 && <p class="empty">No plugins. Add one with: outrigger plugins add PATH</p>}
      <ul class="plugins">
        {plugins.map((plugin) => (
          <PluginCard key={plugin.name} plugin={plugin} ask={(action) => setAsked({ action, plugin: plugin.name })} />
        ))}
      </ul>
      <Confirmation asked={asked} confirm={confirm} cancel={() => setAsked(undefined)} />
    </section>
  );
}

function PluginCard({ plugin, ask }: { readonly plugin: Plugin; readonly ask: (action: Action) => void }): JSX.Element {
  const { name, state, reason, lastExit, nextStartMs, breakers = [], logLevel, spool } = plugin;
  const isRunnable = plugin.starts !== undefined;
  const label = visible(name);
  return (
    <li class="plugin" data-plugin={name}>
      <header>
        <h3>{label}</h3>
        <span class={`state ${stateTone(state)}`}>{state}</span>
        {nextStartMs !== undefined && <span class="faint">starts in {duration(nextStartMs)}</span>}
        <span class="actions">
          {isRunnable && (
            <button type="button" onClick={() => ask('restart')} aria-label={`Restart ${label}`}>
              Restart
            </button>
          )}
          {state === 'disabled' ? (
            <button type="button" onClick={() => ask('enable')} aria-label={`Enable ${label}`}>
              Enable
            </button>
          ) : (
            <button type="button" onClick={() => ask('disable')} aria-label={`Disable ${label}`}>
              Disable
            </button>
          )}
        </span>
      </header>
      {reason !== undefined && <p class="note">{visible(reason)}</p>}
      {logLevel !== undefined && <p class="note">Log level {logLevel}</p>}
      {isRunnable && <Numbers plugin={plugin} />}
      {spool !== undefined && spool.aside > 0 && (
        <p class="note bad">
          {spool.aside} {spool.aside === 1 ? 'event' : 'events'} set aside: it failed at {spool.aside === 1 ? 'it' : 'them'} too often
        </p>
      )}
      {breakers.map(({ hook, state: breaker }) => (
        <p class="note bad" key={hook}>
          Breaker {breaker} at {hook}: it is not asked there
        </p>
      ))}
      {lastExit !== undefined && (
        <p class="note">
          Last exit <time dateTime={lastExit.time}>{new Date(lastExit.time).toLocaleTimeString([], { hour12: false })}</time>,{' '}
          <strong>{lastExit.death}</strong>: <span class="last-words">{visible(lastExit.message)}</span>
        </p>
      )}
    </li>
  );
}

interface Fact {
  readonly name: string;
  readonly text: string;
  readonly more?: string;
  readonly isWide?: boolean;
}

function Numbers({ plugin }: { readonly plugin: Plugin }): JSX.Element {
  const { restarts, inFlight, queued, answered, failed = {}, p50Ms, p99Ms, memoryKb, spool } = plugin;
  const codes = Object.entries(failed);
  const failures = codes.reduce((total, [, count]) => total + count, 0);
  const times = p50Ms === undefined || p99Ms === undefined ? '–' : `${milliseconds(p50Ms)} / ${milliseconds(p99Ms)}`;
  const facts: readonly Fact[] = [
    { name: 'answered', text: String(answered ?? 0) },
    { name: 'failed', text: String(failures), more: codes.map(([code, count]) => `${code} ${count}`).join(', '), isWide: failures > 0 },
    { name: 'restarts', text: String(restarts ?? 0) },
    { name: 'in flight', text: String(inFlight ?? 0) },
    { name: 'queued', text: String(queued ?? 0) },
    ...(spool === undefined ? [] : [{ name: 'on disk', text: String(spool.events) }]),
    { name: 'memory', text: memory(memoryKb) },
    { name: 'p50 / p99', text: times, isWide: true },
  ];
  return (
    <dl>
      {facts.map(({ name, text, more, isWide }) => (
        <div key={name} class={`${isWide ? 'wide' : ''} ${more ? 'bad' : ''}`}>
          <dt>{name}</dt>
          <dd>
            {text}
            {more ? <small>{more}</small> : null}
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface ConfirmationProps {
  readonly asked: Asked | undefined;
  readonly confirm: () => void;
  readonly cancel: () => void;
}

/** The browser's own dialog: it keeps the focus, and Escape leaves it. It opens with the press itself, so that the next key meets it. */
function Confirmation({ asked, confirm, cancel }: ConfirmationProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    if (asked !== undefined) dialog.current?.showModal();
    else dialog.current?.close();
  }, [asked]);
  const { action = 'restart', plugin = '' } = asked ?? {};
  return (
    <dialog ref={dialog} onClose={cancel} aria-labelledby="question">
      <h2 id="question">
        {action} {visible(plugin)}?
      </h2>
      <p>{QUESTIONS[action]}</p>
      <div class="buttons">
        <button type="button" onClick={cancel}>
          Cancel
        </button>
        <button type="button" class="primary" onClick={confirm}>
          Yes, {action}
        </button>
      </div>
    </dialog>
  );
}
