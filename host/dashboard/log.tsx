import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LogLine } from '../daemon/http/types.ts';
import { clock, resultTone, visible } from './format.tsx';

/** From the lowest. */
const LEVELS: readonly LogLine['level'][] = ['debug', 'info', 'warn', 'error'];

/** The end of the log: the daemon's own words and those of plugins. It follows, unless somebody scrolls back. */
export function Log({ log }: { readonly log: readonly LogLine[] }): JSX.Element {
  const [filter, setFilter] = useState('');
  const [lowest, setLowest] = useState<LogLine['level']>('debug');
  const list = useRef<HTMLOListElement>(null);
  const isAtEnd = useRef(true);
  const levels = LEVELS.slice(LEVELS.indexOf(lowest));
  const lines = log.filter(({ plugin = '', message, level }) => levels.includes(level) && `${plugin} ${message}`.includes(filter));
  useEffect(() => {
    const { current } = list;
    if (current !== null && isAtEnd.current) current.scrollTop = current.scrollHeight;
  }, [lines.at(-1)?.number]);
  return (
    <section aria-labelledby="log-title">
      <header>
        <h2 id="log-title">Log</h2>
        <input
          type="search"
          placeholder="Plugin or text"
          aria-label="Filter the log"
          value={filter}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
        />
        <select
          aria-label="Lowest level of the log"
          value={lowest}
          onChange={({ currentTarget }) => setLowest(currentTarget.value as LogLine['level'])}
        >
          {LEVELS.map((level) => (
            <option key={level} value={level}>
              {level === 'debug' ? 'all levels' : level === 'error' ? 'errors' : `${level} and above`}
            </option>
          ))}
        </select>
      </header>
      <ol
        class="log"
        ref={list}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
        tabIndex={0}
        aria-labelledby="log-title"
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          isAtEnd.current = scrollTop + clientHeight > scrollHeight - 30;
        }}
      >
        {lines.map(({ number, time, level, plugin, message }) => (
          <li key={number} class={resultTone(level)}>
            <time dateTime={time}>{clock(time)}</time>
            {plugin !== undefined && <strong>{visible(plugin)}</strong>}
            {level !== 'info' && <em>{level}</em>}
            <span>{message.trimEnd().split('\n').map(visible).join('\n')}</span>
          </li>
        ))}
        {lines.length === 0 && <li class="empty">Nothing was said.</li>}
      </ol>
    </section>
  );
}
