import { basename } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { folderTarget } from '../../host/conformance/make-target.ts';
import { runChecks } from '../../host/conformance/run-checks.ts';
import { readManifest, startPlugin } from '../sdk/typescript/plugin-process.ts';
import { placeSample, SAMPLES, SANDBOX, testWithRuntimes } from './samples.ts';

/** The tests of one sample that speaks the wire by hand; called by the test in its folder. */
export function testSample(source: string): void {
  const name = basename(source);
  const sample = SAMPLES[name];
  if (sample === undefined) throw new TypeError(`Cannot test the sample "${name}": test/samples/samples.ts does not list it`);
  const changes = { env: { [sample.variable]: expect.stringMatching(sample.value) } };

  testWithRuntimes([sample])(`${name} speaks the wire by hand`, async () => {
    expect(readManifest(source).problems).toEqual([]);
    const plugin = startPlugin(await placeSample(name));
    onTestFinished(() => void plugin.child.kill('SIGKILL'));

    expect((await plugin.initialize())['result']).toEqual({});
    expect((await plugin.request('ping'))['result']).toEqual({});
    const answer = await plugin.invoke('conda.pre_command', { command: 'ls "a\\nb" ü', args: ['"method":"exit"'] });
    expect(answer['result']).toEqual({ action: 'modify', changes });
    expect((await plugin.invoke('conda.post_command', { command: 'ls', args: [] }))['result']).toEqual({});
    const message = 'Cannot handle "no/such": this plugin has no such method';
    expect((await plugin.request('no/such')).error).toEqual({ code: -32601, message });
    plugin.raw('no message\n');
    plugin.notify('no/such');
    plugin.hookNotify('conda.post_command', { command: 'ls', args: [] });
    expect((await plugin.request('shutdown'))['result']).toEqual({});
    expect(plugin.stray).toEqual([]);

    plugin.notify('exit');
    expect(await plugin.ended).toEqual({ code: 0, signal: null });
  });

  testWithRuntimes([sample], SANDBOX)(
    `${name} passes levels 0 and 1 in the sandbox, with what its manifest asks for`,
    { timeout: 120_000 },
    async () => {
      const folder = await placeSample(name);
      const place = { cwd: folder, env: process.env, cacheDir: folder, isConfined: true };
      const report = await runChecks(await folderTarget(folder, place), { level: 1 });

      const unmet = report.findings.filter(({ level, status }) => level < 2 && status !== 'pass');
      // One message at a time is what the manifest says.
      expect(unmet).toMatchObject([{ id: 'H3', status: 'not-claimed' }]);
    },
  );
}
