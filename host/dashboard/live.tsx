import { useEffect, useState } from 'preact/hooks';
import type { LiveMessages } from '../daemon/http/types.ts';

/** Lines the page keeps; older ones go. */
const MOST_EVENTS = 200;
const MOST_LOG_LINES = 500;

export interface Live {
  readonly connection: 'connecting' | 'live' | 'lost' | 'ended';
  readonly status?: LiveMessages['status'];
  readonly plans: LiveMessages['plans'];
  /** Oldest first. */
  readonly events: LiveMessages['events'];
  readonly log: LiveMessages['log'];
  /** Lines that did not come, because this page was too slow. */
  readonly lost: number;
}

const NOTHING: Live = { connection: 'connecting', plans: [], events: [], log: [], lost: 0 };

type Takes = { readonly [K in keyof LiveMessages]: (live: Live, data: LiveMessages[K]) => Partial<Live> };

const TAKES: Takes = {
  status: (_live, status) => ({ status }),
  plans: (_live, plans) => ({ plans }),
  events: ({ events }, more) => ({ events: [...events, ...more].slice(-MOST_EVENTS) }),
  log: ({ log }, more) => ({ log: [...log, ...more].slice(-MOST_LOG_LINES) }),
  lost: ({ lost }, { lines }) => ({ lost: lost + lines }),
};

/** What the daemon says, as it says it. After a break the browser connects again, and everything is told anew. */
export function useLive(): Live {
  const [live, setLive] = useState(NOTHING);
  useEffect(() => {
    const source = new EventSource('/api/live');
    source.addEventListener('open', () => setLive(({ lost }) => ({ ...NOTHING, lost, connection: 'live' })));
    const broke = (): void => setLive((now) => ({ ...now, connection: source.readyState === EventSource.CLOSED ? 'ended' : 'lost' }));
    source.addEventListener('error', broke);
    for (const kind of Object.keys(TAKES) as (keyof LiveMessages)[]) listen(source, kind, setLive);
    return () => source.close();
  }, []);
  return live;
}

function listen<K extends keyof LiveMessages>(source: EventSource, kind: K, setLive: (take: (now: Live) => Live) => void): void {
  source.addEventListener(kind, ({ data }: MessageEvent<string>) => {
    const told = JSON.parse(data) as LiveMessages[K];
    setLive((now) => ({ ...now, ...TAKES[kind](now, told) }));
  });
}

/** Has the daemon do something. Resolves to what came of it; rejects with why not. */
export async function act(action: 'restart' | 'enable' | 'disable', plugin: string): Promise<string> {
  const answer = await fetch('/api/plugins', { method: 'POST', body: JSON.stringify({ action, plugin }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text.trim());
  return (JSON.parse(text) as { message: string }).message;
}
