import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SANDBOX } from '../../test/samples/samples.ts';
import { readManifest } from '../../test/sdk/typescript/plugin-process.ts';
import { folderWith } from '../../test/support/confined.ts';
import { type AppHost, Hosts } from '../../test/support/hosts.ts';
import { testWith, testWithAll } from '../../test/support/needs.ts';
import { waitUntil } from '../../test/support/wait-until.ts';

const testWithJq = testWith('jq', 'jq');

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

interface Place {
  readonly host: AppHost;
  readonly logged: string[];
  /** What the desktop was told, one line for each word. */
  readonly shown: () => string;
}

/** A host with the plugin, and a desktop that writes down what it is told, or none. */
async function open(trust: 'full' | 'none', desktop?: string): Promise<Place> {
  const desk = folderWith(
    desktop === undefined ? {} : { 'notify-send': desktop, gdbus: '#!/bin/sh\necho "opened $9" >>"$(dirname "$0")/shown"\n' },
  );
  const base = await hosts.env();
  const env = { ...base, PATH: `${desk}:${base['PATH']}` };
  const logged: string[] = [];
  const keep = (message: string): void => void logged.push(message);
  const log = { debug: () => undefined, info: keep, warn: keep, error: keep };
  const { permissions } = readManifest(import.meta.dirname).manifest as unknown as { permissions: object };
  const entry = { path: import.meta.dirname, trust, grant: { ...permissions } } as const;
  const host = await hosts.open({}, { env, log, config: { catalogs: ['pycomex'], plugins: { 'desktop-notify': entry } } });
  const file = join(desk, 'shown');
  return { host, logged, shown: () => (existsSync(file) ? readFileSync(file, 'utf8') : '') };
}

const DESKTOP = '#!/bin/sh\nprintf "%s\\n" "$@" >>"$(dirname "$0")/shown"\necho default\n';
const experiment = { name: 'train', namespace: 'results/train', path: "/archive/de bug'", duration_s: 5400, error: null };

test('desktop-notify has a valid manifest', () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
});

testWithJq('desktop-notify shows what ended, how long it took, and opens the archive at a click', async () => {
  const { host, shown } = await open('full', DESKTOP);

  await host.emit('pycomex.after_experiment_finalize', { experiment });
  await waitUntil(() => shown().includes('opened'), 'the click');

  const options = ['--app-name=Outrigger', '--expire-time=5000', '--action=default=Open', '--'];
  expect(shown().trim().split('\n')).toEqual([...options, 'Done: results/train/train', '1.5 h', "opened ['file:///archive/de%20bug%27']"]);
});

testWithJq('desktop-notify tells the error of a failed experiment as it is', async () => {
  const { host, shown } = await open('full', DESKTOP);
  const error = { type: 'ValueError', message: '$(touch /tmp/x) `id` "quoted" C:\\temp ü' };

  await host.emit('pycomex.after_experiment_finalize', { experiment: { name: '-t', duration_s: 3, error } });
  await waitUntil(() => shown().includes('ValueError'), 'the notification');

  expect(shown()).toContain(`Failed: -t\n0 h\nValueError: ${error.message.replace('\\', '\\\\')}\n`);
});

testWithJq('desktop-notify adds its parameter, and shows nothing for an experiment that sets it to false', async () => {
  const { host, shown } = await open('full', DESKTOP);
  const parametersOf = async (parameters: object) =>
    (await host.emit('pycomex.before_experiment_parameters', { experiment: { name: 'x', parameters: { ...parameters } } })).payload
      .experiment.parameters;

  expect(await parametersOf({ EPOCHS: 1 })).toEqual({ EPOCHS: 1, __NOTIFY__: true });
  expect(await parametersOf({ __NOTIFY__: false })).toEqual({ __NOTIFY__: false });
  await host.emit('pycomex.after_experiment_finalize', { experiment: { ...experiment, name: 'quiet', parameters: { __NOTIFY__: false } } });
  await host.emit('pycomex.after_experiment_finalize', { experiment: { ...experiment, name: 'loud' } });
  await waitUntil(() => shown().includes('loud'), 'the second notification');
  expect(shown()).not.toContain('quiet');
});

testWithJq('desktop-notify shows ten at one time at most, and logs the others', async () => {
  // Ends with the plugin, whose process group it is in.
  const { host, shown, logged } = await open('full', DESKTOP.replace('echo default', 'exec sleep 600'));

  for (let i = 0; i < 11; i++) await host.emit('pycomex.after_experiment_finalize', { experiment: { ...experiment, name: `run-${i}` } });
  await waitUntil(() => logged.some((line) => line.includes('not shown, 10 are open: Done: results/train/run-10')), 'the line in the log');

  await waitUntil(() => shown().match(/^Done/gm)?.length === 10, 'ten notifications');
});

testWithJq('desktop-notify shows it without a click where notify-send knows no actions', async () => {
  const { host, shown } = await open('full', DESKTOP.replace('printf', 'case "$*" in *--action*) exit 1;; esac\nprintf'));

  await host.emit('pycomex.after_experiment_finalize', { experiment });
  await waitUntil(() => shown().includes('1.5 h'), 'the notification');

  expect(shown()).not.toContain('--action');
});

testWithAll({ jq: 'jq', [SANDBOX[0]]: SANDBOX[1] })('desktop-notify in the sandbox says in its log what it cannot show', async () => {
  const { host, logged } = await open('none');

  const { status } = await host.emit('pycomex.after_experiment_finalize', { experiment });
  await waitUntil(() => logged.some((line) => line.includes('Cannot show a notification')), 'the line in the log');

  expect(status).toBe('continued');
  expect(logged.join('\n')).toContain('Cannot show a notification: Done: results/train/train 1.5 h');
});
