import type { StatusResult } from '@outrigger/schemas';
import { type JSX, render } from 'preact';
import { Events } from './events.tsx';
import { clock, duration, memory, visible } from './format.tsx';
import { type Live, useLive } from './live.tsx';
import { Log } from './log.tsx';
import { Plans } from './plans.tsx';
import { Plugins } from './plugins.tsx';

const CONNECTIONS: Readonly<Record<Live['connection'], readonly [string, string]>> = {
  connecting: ['warn', 'connecting …'],
  live: ['good', 'live'],
  lost: ['bad', 'connection lost, trying again'],
  // Another daemon, another token.
  ended: ['bad', 'connection ended: open the link of "outrigger dashboard" again'],
};

function Page(): JSX.Element {
  const live = useLive();
  const { connection, status, plans, events, log, lost } = live;
  const [tone, text] = CONNECTIONS[connection];
  return (
    <>
      <header class="top">
        <h1>Outrigger</h1>
        <span class={`state ${tone}`} role="status">
          {text}
        </span>
        {lost > 0 && <span class="state warn">{lost} lines lost: this page was too slow</span>}
        {status !== undefined && <Facts status={status} />}
      </header>
      <main>
        {status !== undefined && <Troubles status={status} />}
        <Plugins plugins={status?.plugins ?? []} />
        <Events events={events} />
        <Plans plans={plans} />
        <Log log={log} />
      </main>
    </>
  );
}

function Facts({ status }: { readonly status: StatusResult }): JSX.Element {
  const { pid, version, state, uptimeMs, memoryKb, clients, inFlight, events, blocked, replaced, journal } = status;
  const facts = [
    `daemon ${pid} ${version} ${state}`,
    `up ${duration(uptimeMs)}`,
    memory(memoryKb),
    `${clients} ${clients === 1 ? 'client' : 'clients'}, ${inFlight} in flight`,
    `${events} ${events === 1 ? 'event' : 'events'}, ${blocked} blocked, ${replaced} replaced`,
    journal === undefined ? 'no journal' : journalText(journal),
  ];
  return (
    <ul class="facts">
      {facts.map((fact) => (
        <li key={fact}>{visible(fact)}</li>
      ))}
    </ul>
  );
}

function journalText({ bytes, written, lost, spool }: NonNullable<StatusResult['journal']>): string {
  const waiting = spool === undefined ? '' : `, ${spool.events} waiting for plugins`;
  return `journal ${memory(Math.round(bytes / 1024))}, ${written} written, ${lost} lost${waiting}`;
}

/** What an operator must not overlook: events that went on without somebody, mistakes in the configuration, a disk that does not take it. */
function Troubles({ status: { failOpens, problems, journal } }: { readonly status: StatusResult }): JSX.Element | null {
  const disk = journal?.lastProblem;
  if (failOpens.length + problems.length === 0 && disk === undefined) return null;
  return (
    <ul class="troubles" aria-label="Troubles">
      {failOpens.map(({ plugin, hook, code, count }) => (
        <li key={`${plugin} ${hook} ${code}`}>
          {count} {count === 1 ? 'event' : 'events'} went on without <strong>{visible(plugin)}</strong> at {visible(hook)}: {code}
        </li>
      ))}
      {disk !== undefined && (
        <li>
          Journal, <time dateTime={disk.time}>{clock(disk.time)}</time>: {visible(disk.message)}
        </li>
      )}
      {problems.map((problem) => (
        <li key={problem}>{visible(problem)}</li>
      ))}
    </ul>
  );
}

const { location, history } = window;
// The cookie lets us in from now on: the token is not for histories and screenshots.
if (location.search !== '') history.replaceState(null, '', location.pathname);
const root = document.getElementById('page');
if (root !== null) render(<Page />, root);
