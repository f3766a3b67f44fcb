import type { HookMap } from '@outrigger/schemas';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SANDBOX } from '../../test/samples/samples.ts';
import { readManifest } from '../../test/sdk/typescript/plugin-process.ts';
import { type AppHost, Hosts } from '../../test/support/hosts.ts';
import { testWith } from '../../test/support/needs.ts';

let hosts = new Hosts();
beforeEach(() => {
  hosts = new Hosts();
});
afterEach(() => hosts.close());

const open = (): Promise<AppHost> =>
  hosts.open({}, { config: { catalogs: ['coma'], plugins: { 'dry-run': { path: import.meta.dirname, trust: 'none' } } } });

const command = { kind: 'class', target: 'Train', fields: { config: { epochs: 3 } } } as const;
const run = { name: 'train', command, known_args: { dry_run: true }, unknown_args: ['verbose'], configs: { train: { epochs: 3 } } };

const registered: HookMap['coma.parser_hook']['payload'] = {
  name: 'train',
  command: { kind: 'class', target: 'Train' },
  configs: { train: { type: 'TrainConfig' } },
  flags: { train_path: { flags: ['--train-path'] } },
};

test('dry-run has a valid manifest', () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
});

testWith(...SANDBOX)('dry-run adds its flag beside those of the program', async () => {
  const host = await open();

  const { payload } = await host.emit('coma.parser_hook', registered);

  expect(payload.flags).toMatchObject({ train_path: { flags: ['--train-path'] }, dry_run: { flags: ['--dry-run'], type: 'boolean' } });
});

testWith(...SANDBOX)('dry-run leaves alone a flag that the program calls dry_run itself', async () => {
  const host = await open();
  const flags = { dry_run: { flags: ['-n'], help: 'of the program' } };

  expect((await host.emit('coma.parser_hook', { ...registered, flags })).payload.flags).toEqual(flags);
});

testWith(...SANDBOX)('dry-run prints the planned config and ends with exit code 0 when the flag is given', async () => {
  const host = await open();

  expect(await host.emit('coma.pre_run_hook', run)).toMatchObject({
    status: 'replaced',
    value: {
      exit_code: 0,
      message: [
        'Dry run: "train" would run class Train',
        '  train: {\n    "epochs": 3\n  }',
        '  instance: {\n    "config": {\n      "epochs": 3\n    }\n  }',
        '  other arguments: verbose\n',
      ].join('\n'),
    },
  });
});

testWith(...SANDBOX)('dry-run prints what the plugins before it made of the command', async () => {
  const host = await open();
  host.on('coma.pre_run_hook', () => ({ action: 'modify', changes: { command: { fields: { config: { epochs: 1 } } } } }));

  const outcome = await host.emit('coma.pre_run_hook', run);

  expect(outcome.trace.answers.map(({ plugin }) => plugin)).toEqual(['handler', 'dry-run']);
  expect(outcome).toMatchObject({ status: 'replaced', value: { message: expect.stringContaining('"epochs": 1') } });
});

testWith(...SANDBOX).each([[{}], [{ dry_run: false }], [{ dry_run: 'true' }], [{ dry_run: null }]])(
  'dry-run lets a run with %j go on',
  async (known_args) => {
    const host = await open();

    expect((await host.emit('coma.pre_run_hook', { ...run, known_args })).status).toBe('continued');
  },
);
