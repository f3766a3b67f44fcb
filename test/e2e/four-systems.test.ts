import { chmodSync, cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trace } from '@outrigger/schemas';
import { expect, onTestFinished } from 'vitest';
import { environment, withoutIndex } from '../bridges/environment.ts';
import { ROOT, run, SDK } from '../sdk/python/python.ts';
import { testWithAll } from '../support/needs.ts';
import { waitUntil } from '../support/wait-until.ts';
import { DaemonPlaceUnderTest } from './daemon-process.ts';

const PACKAGES = { bridge: 'four', requirements: ['mellea[hooks]==0.8.0', 'coma==3.0.1', 'pycomex==0.29.0'] };
const HEARD = ['coma.post_run_hook', 'conda.post_command', 'mellea.component_post_success', 'pycomex.after_experiment_finalize'];

/** A place with the sample as it is installed, its SDK beside it, that nobody trusts. */
function placeWithAudit(): DaemonPlaceUnderTest {
  const place = new DaemonPlaceUnderTest();
  onTestFinished(() => place.clear());
  // A host run by root starts plugins as another user.
  chmodSync(place.folder, 0o755);
  const plugin = place.path('audit-log');
  cpSync(`${ROOT}sample-plugins/audit-log`, plugin, { recursive: true });
  for (const part of ['package.json', 'dist'])
    cpSync(`${ROOT}sdk/typescript/${part}`, join(plugin, 'node_modules/@outrigger/sdk', part), { recursive: true });
  cpSync(`${ROOT}test/e2e/four-systems`, place.path('programs'), { recursive: true });
  const grant = { fs: { write: ['$' + '{data}'] } };
  const catalogs = ['conda', 'coma', 'pycomex', 'mellea'];
  place.config({ catalogs, dataDir: place.path('data'), plugins: { 'audit-log': { path: './audit-log', grant } } });
  return place;
}

/** The records of the one log that there is below the data folder. */
function records(place: DaemonPlaceUnderTest): readonly Record<string, unknown>[] {
  const [log, ...others] = readdirSync(place.path('data'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('audit.jsonl'),
  );
  expect(others).toEqual([]);
  const lines = log === undefined ? [] : readFileSync(place.path('data', log), 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function shown(place: DaemonPlaceUnderTest, ...words: string[]): Promise<unknown> {
  return JSON.parse((await place.run(['--json', ...words])).stdout);
}

/** Of each hook point that was traced, what became of the plugin's part in it. */
async function traced(place: DaemonPlaceUnderTest): Promise<string[]> {
  const { traces } = (await shown(place, 'trace', '--number', '200')) as { traces: Trace[] };
  return traces.flatMap(({ hook, answers }) => answers.map(({ plugin, status }) => `${hook} ${plugin} ${status}`)).sort();
}

testWithAll({ bwrap: 'bubblewrap', python3: 'python3-venv' })(
  'one plugin, unchanged and untrusted, audits a command, a coma program, a pycomex experiment and a Mellea session',
  { timeout: 1_200_000 },
  async (context) => {
    const python = await environment(PACKAGES).catch((error: unknown) => withoutIndex(error, PACKAGES, context));
    const place = placeWithAudit();
    await place.up();
    const env = { ...place.env, PYTHONPATH: SDK, OUTRIGGER_SOCKET: place.socket };
    const program = (name: string, ...args: string[]): Promise<string> =>
      run(python, [place.path('programs', `${name}.py`), ...args], place.folder, env);

    // `run` asks the daemon too.
    expect(await place.run(['run', '--', 'echo', 'hello'])).toMatchObject({ code: 0, stdout: 'hello\n', stderr: '' });
    const printed = await Promise.all([program('train', 'train', 'model::layers=7'), program('experiment'), program('session')]);

    await waitUntil(() => records(place).length >= 4, 'four records', 20_000);
    const byEvent = records(place).map(({ event, command, experiment, component_type: component }) => [
      event,
      command ?? experiment ?? component,
    ]);
    expect(byEvent.sort()).toEqual([
      ['command_success', 'echo'],
      ['command_success', 'train'],
      ['experiment_success', 'experiment'],
      ['generation_success', 'Instruction'],
    ]);
    const [, session] = /^session (\S+) fine$/m.exec(printed[2]) ?? [];
    expect(records(place).map(({ session_id: id }) => id)).toContain(session);
    expect(printed[0]).toBe('trained 7 layers\n');
    await expectTraces(place);
    expect(await shown(place, 'plugins', 'show', 'audit-log')).toMatchObject({ trust: 'none', sandbox: 'bubblewrap', problems: [] });
    expect(await shown(place, 'status')).toMatchObject({ events: 4, plugins: [{ name: 'audit-log', starts: 1 }] });
  },
);

/** The daemon's traces are on disk a moment after the event. */
async function expectTraces(place: DaemonPlaceUnderTest): Promise<void> {
  const expected = HEARD.map((hook) => `${hook} audit-log delivered`);
  await waitUntil(async () => (await traced(place)).length >= expected.length, 'four traces', 20_000);
  expect(await traced(place)).toEqual(expected);
}
