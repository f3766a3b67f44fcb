import { PassThrough, Writable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { LiveFeed, type LiveFeedOptions } from '../../../../host/daemon/http/live-feed.ts';
import type { EventLine, LiveMessages } from '../../../../host/daemon/http/types.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const STATUS = { pid: 1, plugins: [] } as unknown as LiveMessages['status'];
const LINE: EventLine = { event: 'e1', hook: 'app.save', time: 0, durationMs: 1, status: 'continued', calls: 1, failures: [], modified: 0 };
const NOTHING = { events: [], log: [] };
const feeds: LiveFeed[] = [];

afterEach(() => {
  for (const feed of feeds.splice(0)) feed.close();
});

function open(options: Partial<LiveFeedOptions> = {}): LiveFeed {
  const feed = new LiveFeed({ status: () => STATUS, plans: () => [], ...options });
  feeds.push(feed);
  return feed;
}

/** A page that reads everything. */
function reader(): { stream: PassThrough; text: () => string } {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return { stream, text: () => text };
}

/** A page that reads nothing until it is let. */
class Stuck extends Writable {
  text = '';
  #go: (() => void)[] = [];
  isOpen = false;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk;
    if (this.isOpen) done();
    else this.#go.push(done);
  }

  read(): void {
    this.isOpen = true;
    for (const go of this.#go.splice(0)) go();
  }
}

test('add() tells a page at once how things are', async () => {
  const page = reader();
  open().add(page.stream, { events: [LINE], log: [] });
  await waitUntil(() => page.text().includes('event: log'), 'the first message');
  expect(page.text()).toContain(`event: status\ndata: ${JSON.stringify(STATUS)}\n\n`);
  expect(page.text()).toContain(`event: events\ndata: ${JSON.stringify([LINE])}\n\n`);
});

test('tell() sends the lines of a moment together', async () => {
  const feed = open();
  const page = reader();
  feed.add(page.stream, NOTHING);
  for (const event of ['e1', 'e2']) feed.tell('events', { ...LINE, event });
  await waitUntil(() => page.text().includes('"e1"'), 'the lines');
  expect(page.text()).toContain(`data: ${JSON.stringify([LINE, { ...LINE, event: 'e2' }])}\n`);
});

test('a page that does not read loses lines, counted, and costs no memory; it is told when it reads again', async () => {
  const feed = open({ maxUnreadBytes: 1000 });
  const page = new Stuck();
  feed.add(page, NOTHING);
  const told = (): number =>
    [...page.text.matchAll(/event: lost\ndata: \{"lines":(\d+)\}/g)].reduce((sum, [, lines]) => sum + Number(lines), 0);
  const fill = setInterval(() => feed.tell('events', { ...LINE, hook: 'x'.repeat(200) }), 1);
  try {
    await waitUntil(() => feed.lost > 200, 'lines to be lost');
    expect(page.writableLength).toBeLessThan(100_000);
    page.read();
    await waitUntil(() => told() > 200, 'the page to be told');
  } finally {
    clearInterval(fill);
  }
  expect(told()).toBe(feed.lost);
});

test('more lines in a moment than a page can show are left out, and counted', async () => {
  const feed = open();
  const page = reader();
  feed.add(page.stream, NOTHING);
  for (let line = 0; line < 1000; line++) feed.tell('events', LINE);
  await waitUntil(() => page.text().includes('event: lost\ndata: {"lines":800}'), 'the loss to be told');
  expect(feed.lost).toBe(800);
});

test('add() refuses a page when there are too many, and has room again when one goes', async () => {
  const feed = open({ maxPages: 1 });
  const page = reader();
  expect([feed.add(page.stream, NOTHING), feed.add(reader().stream, NOTHING)]).toEqual([true, false]);
  page.stream.destroy();
  await waitUntil(() => feed.pages === 0, 'the page to be gone');
  expect(feed.add(reader().stream, NOTHING)).toBe(true);
});

test('plans are sent when they change, and not before', async () => {
  let plans: LiveMessages['plans'] = [];
  const feed = open({ plans: () => plans });
  const page = reader();
  feed.add(page.stream, NOTHING);
  feed.tell('events', LINE);
  await waitUntil(() => page.text().includes('"e1"'), 'a beat');
  expect(page.text().match(/event: plans/g)).toHaveLength(1);
  plans = [{ hook: 'app.save', stages: [], left: [] }];
  await waitUntil(() => page.text().includes('event: plans\ndata: [{"hook":"app.save"'), 'the new plans');
});
