import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addFlag,
  CommandExit,
  type CommandHook,
  callMethod,
  callWithNamedConfigs,
  DEFAULT,
  exit,
  type Hooks,
  type InvocationData,
  initiate,
  loadConfigs,
  NOTHING,
  overrideConfigs,
  preload,
  SHARED,
} from '../../../../host/command/index.ts';

class Greeting {
  word = 'hello';
  times = 1;
}

class Greet {
  readonly greeting: Greeting;
  constructor(greeting: Greeting) {
    this.greeting = greeting;
  }
  run(): string {
    return Array(this.greeting.times).fill(this.greeting.word).join(' ');
  }
}

let cwd: string;
let calls: string[];

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'outrigger-program-'));
  calls = [];
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

const note = (what: string): CommandHook<object> => Object.defineProperty(() => void calls.push(what), 'name', { value: what });

describe('documented examples', () => {
  const dryRun: CommandHook<InvocationData> = ({ knownArgs, name, configs }) => {
    if (knownArgs['dry_run'] === true) exit(0, `would run ${name} with ${JSON.stringify(configs)}`);
  };

  test('wake() ends in order when a dry-run flag is given', async () => {
    const flag = { flags: ['--dry-run', '-n'], type: 'boolean', help: 'only say what would run' } as const;
    const hooks = { parser_hook: [DEFAULT, addFlag('dry_run', { ...flag, flags: [...flag.flags] })], pre_run_hook: dryRun };
    const program = initiate({ cwd, hooks, configs: { greeting: Greeting } }).register('greet', Greet, {
      hooks: { run_hook: note('ran') },
    });
    expect(await program.wake(['greet', '--dry-run', 'times=3'])).toEqual({
      status: 'exited',
      exitCode: 0,
      message: 'would run greet with {"greeting":{"word":"hello","times":3}}',
    });
    expect(calls).toEqual([]);
    expect(await program.wake(['greet', 'times=2'])).toMatchObject({ status: 'ended', result: 'hello hello' });
    expect(calls).toEqual(['ran']);
  });

  test('wake() runs another method when the run hook is made for it', async () => {
    class Job {
      start(): string {
        return 'started';
      }
    }
    const program = initiate({ cwd, hooks: { run_hook: callMethod('start') } });
    program.register('job', Job).register('plain', () => 'called');
    expect(await program.wake(['job'])).toEqual({ status: 'ended', name: 'job', result: 'started' });
    expect(await program.wake(['plain'])).toMatchObject({ result: 'called' });
  });

  test('wake() hands flags of a command to its hooks', async () => {
    await writeFile(join(cwd, 'lines.txt'), 'one\ntwo\nthree\n');
    const readLine: CommandHook<InvocationData> = async (data) => {
      const { file, line } = data.knownArgs as { file: string; line: number };
      const lines = (await readFile(join(cwd, file), 'utf8')).split('\n');
      data.configs['greeting'] = Object.assign(new Greeting(), { word: lines[line - 1] });
    };
    const hooks = {
      parser_hook: [
        addFlag('file', { flags: ['--file', '-f'], metavar: 'FILE', required: true }),
        addFlag('line', { flags: ['--line'], type: 'integer', default: 1 }),
      ],
      config_hook: readLine,
    };
    const program = initiate({ cwd }).register('greet', Greet, { configs: { greeting: Greeting }, hooks });
    expect(await program.wake(['greet', '-f', 'lines.txt', '--line', '2'])).toMatchObject({ result: 'two' });
    expect(await program.wake(['greet', '-f', 'lines.txt'])).toMatchObject({ result: 'one' });
    expect(await program.wake(['greet'])).toMatchObject({ status: 'exited', exitCode: 2, message: expect.stringContaining('--file') });
    expect(await program.wake(['greet', '-f', 'x', '--line', 'two'])).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('whole number'),
    });
  });

  test('wake() lets a hook after the run print what the command computed beside its result', async () => {
    class Count {
      extra = 0;
      run(): string {
        this.extra = 42;
        return 'done';
      }
    }
    const print: CommandHook<InvocationData> = ({ command, result }) => void calls.push(`${result} ${(command as Count).extra}`);
    await initiate({ cwd })
      .register('count', Count, { hooks: { post_run_hook: print } })
      .wake(['count']);
    expect(calls).toEqual(['done 42']);
  });

  test('wake() keeps configs as JSON when the config hook is made so', async () => {
    const program = initiate({ cwd, configs: [Greeting], hooks: { config_hook: loadConfigs({ extension: '.json' }) } });
    await program.register('greet', Greet).wake(['greet']);
    expect(await readdir(cwd)).toEqual(['greeting.json']);
    expect(await readFile(join(cwd, 'greeting.json'), 'utf8')).toBe('{\n    "word": "hello",\n    "times": 1\n}\n');
    await writeFile(join(cwd, 'greeting.json'), '{"times": 2}');
    expect(await program.wake(['greet'])).toMatchObject({ result: 'hello hello' });
  });

  test('wake() writes no config when the config hook is made so', async () => {
    const program = initiate({ cwd, configs: [Greeting], hooks: { config_hook: loadConfigs({ write: false }) } });
    expect(await program.register('greet', Greet).wake(['greet'])).toMatchObject({ result: 'hello' });
    expect(await readdir(cwd)).toEqual([]);
  });

  test('wake() preloads a config whose values earlier hooks need', async () => {
    const swap: CommandHook<InvocationData> = (data) => {
      expect(Object.keys(data.configs)).toEqual(['greeting']);
      data.unknownArgs.push(`label=${(data.configs['greeting'] as Greeting).word}`);
    };
    const program = initiate({ cwd, configs: { other: { label: '' }, greeting: Greeting } });
    program.register('show', (other: object, greeting: Greeting) => ({ ...other, ...greeting }), {
      hooks: { pre_config_hook: [preload(['greeting']), swap] },
    });
    expect(await program.wake(['show', 'word=early'])).toMatchObject({ result: { label: 'early', word: 'early', times: 1 } });
  });

  test('wake() takes a config that is no data as long as nobody writes it', async () => {
    const make = (): object => ({ log: (line: string) => void calls.push(line) });
    const hooks = { config_hook: [loadConfigs({ skip: ['sink'] }), loadConfigs({ ids: ['sink'], write: false })] };
    const program = initiate({ cwd, configs: { greeting: Greeting, sink: make }, hooks });
    program.register('greet', (greeting: Greeting, sink: { log(line: string): void }) => sink.log(greeting.word));
    await program.wake(['greet']);
    expect(calls).toEqual(['hello']);
    expect(await readdir(cwd)).toEqual(['greeting.yaml']);
  });

  test('wake() refuses an override that two configs take when overrides are exclusive', async () => {
    const program = initiate({
      cwd,
      configs: { one: { x: 1 }, two: { x: 2 } },
      hooks: { post_config_hook: overrideConfigs({ exclusive: true }) },
    });
    program.register('sum', (one: { x: number }, two: { x: number }) => one.x + two.x);
    expect(await program.wake(['sum', 'x=5'])).toMatchObject({ exitCode: 2, message: expect.stringContaining('"one", "two"') });
    expect(await program.wake(['sum', 'one::x=5'])).toMatchObject({ result: 7 });
  });
});

describe('slots', () => {
  test('wake() runs the ten slots in order, nothing of a command that is not invoked but its parser hook', async () => {
    const slots = ['pre_config_hook', 'post_config_hook', 'pre_init_hook', 'post_init_hook', 'pre_run_hook', 'post_run_hook'];
    const standards = ['config_hook', 'init_hook', 'run_hook', 'parser_hook'];
    const hooks = Object.fromEntries([
      ...slots.map((slot) => [slot, note(slot)]),
      ...standards.map((slot) => [slot, [note(slot), DEFAULT]]),
    ]) as object;
    const program = initiate({ cwd, hooks });
    program.register('a', () => void calls.push('a')).register('b', () => void calls.push('b'));
    expect(await program.wake(['b'])).toEqual({ status: 'ended', name: 'b', result: undefined });
    expect(calls).toEqual([
      ...['parser_hook', 'parser_hook', 'pre_config_hook', 'config_hook', 'post_config_hook', 'pre_init_hook', 'init_hook'],
      ...['post_init_hook', 'pre_run_hook', 'run_hook', 'b', 'post_run_hook'],
    ]);
  });

  test('register() appends hooks to the shared ones, and places them where markers say', async () => {
    const program = initiate({ cwd, hooks: { pre_run_hook: note('shared'), run_hook: [DEFAULT, note('after')] } });
    const run = (): void => void calls.push('run');
    program.register('append', run, { hooks: { pre_run_hook: note('own') } });
    program.register('around', run, { hooks: { pre_run_hook: [note('one'), SHARED, note('two')], run_hook: [note('first'), [DEFAULT]] } });
    program.register('alone', run, { hooks: { pre_run_hook: [NOTHING, note('own')] } });
    program.register('none', run, { hooks: { pre_run_hook: NOTHING } });
    const said: Record<string, string> = {};
    for (const name of ['append', 'around', 'alone', 'none']) {
      calls = [];
      await program.wake([name]);
      said[name] = calls.join(' ');
    }
    expect(said).toEqual({ append: 'shared own run after', around: 'one shared two first run', alone: 'own run after', none: 'run after' });
  });

  test('forget() masks configs and shared hooks for registrations inside it, blocks inside blocks', async () => {
    const program = initiate({
      cwd,
      configs: { greeting: Greeting, extra: { x: 1 } },
      hooks: { pre_run_hook: note('shared'), post_run_hook: note('end') },
    });
    const run = (...configs: unknown[]): number => configs.length;
    program.forget({ configs: ['extra'], hooks: ['pre_run_hook'] }, () => {
      program.register('inner', run);
      program.forget({ configs: ['greeting'], hooks: ['post_run_hook', 'init_hook'] }, () => {
        program.register('innermost', run, { hooks: { init_hook: callWithNamedConfigs() } });
      });
      program.register('again', run, { hooks: { pre_run_hook: note('own') } });
    });
    program.register('outer', run);
    const said: Record<string, string> = {};
    for (const name of ['inner', 'innermost', 'again', 'outer']) {
      calls = [];
      const end = await program.wake([name]);
      said[name] = `${end.status === 'ended' ? end.result : end.status} ${calls.join(' ')}`;
    }
    expect(said).toEqual({ inner: '1 end', innermost: '1 ', again: '1 own end', outer: '2 shared end' });
  });

  test('forget() restores what is global when its body throws', async () => {
    const program = initiate({ cwd, configs: [Greeting] });
    const fail = (): never => {
      throw new Error('no');
    };
    expect(() => program.forget({ configs: ['greeting'] }, fail)).toThrow('no');
    expect(await program.register('greet', Greet).wake(['greet'])).toMatchObject({ result: 'hello' });
  });

  test('wake() hands what a hook returns to those after it', async () => {
    const seen: unknown[] = [];
    const hooks = {
      post_run_hook: [
        ({ result }: InvocationData) => ({ result: `${result}!` }),
        (data: InvocationData) => {
          seen.push(data.result);
          data.result = { text: data.result, none: null };
        },
      ],
    };
    const end = await initiate({ cwd })
      .register('say', () => 'hi', { hooks })
      .wake(['say']);
    expect(seen).toEqual(['hi!']);
    expect(end).toMatchObject({ result: { text: 'hi!', none: null } });
  });

  test('wake() keeps live values that are no data', async () => {
    const live = new Map([['a', 1n]]);
    const end = await initiate({ cwd, hooks: { post_run_hook: note('seen') } })
      .register('give', () => live)
      .wake(['give']);
    expect(end).toEqual({ status: 'ended', name: 'give', result: live });
  });
});

describe('failures', () => {
  test('wake() rejects with what the command threw, and runs no later slot', async () => {
    const error = new TypeError('broken');
    const program = initiate({ cwd, hooks: { post_run_hook: note('after') } });
    program.register('fail', () => Promise.reject(error));
    await expect(program.wake(['fail'])).rejects.toBe(error);
    expect(calls).toEqual([]);
  });

  test.each(['parser_hook', 'config_hook', 'run_hook'])('wake() ends with the exit code when a hook of %s exits', async (slot) => {
    const hooks = { [slot]: () => exit(7, 'enough') };
    expect(
      await initiate({ cwd })
        .register('x', () => 1, { hooks })
        .wake(['x']),
    ).toEqual({ status: 'exited', exitCode: 7, message: 'enough' });
  });

  test('wake() rejects when a hook returns what the data do not have', async () => {
    const hooks = { pre_run_hook: () => ({ konfigs: {} }) as object };
    const waking = initiate({ cwd })
      .register('x', () => 1, { hooks })
      .wake(['x']);
    await expect(waking).rejects.toThrow('got an object with "konfigs"; return nothing or any of');
  });

  test('wake() rejects when a hook leaves data that do not fit the slot', async () => {
    const hooks: Hooks = { pre_config_hook: () => ({ unknownArgs: 5 }) as object };
    const program = initiate({ cwd }).register('x', () => 1, { hooks });
    await expect(program.wake(['x'])).rejects.toMatchObject({ name: 'HostError', code: 'ANSWER_PAYLOAD_INVALID' });
  });

  test('wake() rejects when a hook loses a config', async () => {
    const hooks: Hooks = { post_config_hook: [DEFAULT, () => ({ configs: {} })] };
    const waking = initiate({ cwd, configs: [Greeting] })
      .register('greet', Greet, { hooks })
      .wake(['greet']);
    await expect(waking).rejects.toThrow('Cannot go on with command "greet": config "greeting" is not there after "post_config_hook"');
  });

  test.each([
    [
      'a command that is there',
      (p: ReturnType<typeof initiate>) => p.register('x', () => 1).register('x', () => 2),
      'there is one of this name',
    ],
    ['a name with spaces', (p: ReturnType<typeof initiate>) => p.register('a b', () => 1), 'a name is a word'],
    ['no function', (p: ReturnType<typeof initiate>) => p.register('x', 5 as never), 'a function or a class'],
    [
      'a config id of the global ones',
      (p: ReturnType<typeof initiate>) => p.register('x', () => 1, { configs: { global: {} } }),
      'ids of one command',
    ],
    [
      'an unknown slot',
      (p: ReturnType<typeof initiate>) => p.register('x', () => 1, { hooks: { run_hok: () => undefined } as object }),
      'Cannot use slot "run_hok"',
    ],
    [
      'an unknown marker',
      (p: ReturnType<typeof initiate>) => p.register('x', () => 1, { hooks: { run_hook: 'DEFAULT' as never } }),
      'Cannot fill slot "run_hook" with "DEFAULT"',
    ],
    [
      'to forget what is not there',
      (p: ReturnType<typeof initiate>) => p.forget({ configs: ['none'] }, () => undefined),
      'Cannot use config "none"',
    ],
  ])('register() refuses %s', (_what, act, message) => {
    expect(() => act(initiate({ cwd, configs: { global: {} } }))).toThrow(message);
  });

  test('initiate() refuses SHARED', () => {
    expect(() => initiate({ hooks: { run_hook: [SHARED] } })).toThrow('Cannot use SHARED in slot "run_hook" here');
  });

  test('exit() throws what ends a command', () => {
    expect(() => exit(3)).toThrow(CommandExit);
  });
});
