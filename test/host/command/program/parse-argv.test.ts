import { expect, test } from 'vitest';
import { parseArgv } from '../../../../host/command/program/parse-argv.ts';
import type { Flag } from '../../../../host/command/program/types.ts';

const OPTIONS = { name: 'tool', description: 'Does things.', version: '1.2.3' };
const FLAGS: Record<string, Flag> = {
  dry_run: { flags: ['-n', '--dry-run'], type: 'boolean', help: 'only say' },
  no_write: { flags: ['--no-write'], type: 'boolean' },
  line: { flags: ['--line'], type: 'integer', default: 1, metavar: 'N' },
  rate: { flags: ['--rate'], type: 'number' },
  colour: { flags: ['--colour'], choices: ['red', 'blue'] },
  file_path: { flags: ['--file-path'], metavar: 'FILE' },
};

const parse = (argv: string[], flags = FLAGS) => parseArgv([{ name: 'go', description: 'Goes.', flags }], argv, OPTIONS);
const unset = { dry_run: false, no_write: false, line: 1, rate: undefined, colour: undefined, file_path: undefined };

test.each([
  [[], {}, []],
  [['-n', '--no-write'], { dry_run: true, no_write: true }, []],
  [['--line', '-3', '--rate=0.5'], { line: -3, rate: 0.5 }, []],
  [['a=1', '--colour', 'blue', 'b=2'], { colour: 'blue' }, ['a=1', 'b=2']],
  [['--stray', 'x', '-n', 'y=1'], { dry_run: true }, ['--stray', 'x', 'y=1']],
  [['--', '-n', 'x=1'], {}, ['-n', 'x=1']],
])('parseArgv() reads %j', (argv, known, unknownArgs) => {
  expect(parse(['go', ...argv])).toEqual({ status: 'parsed', name: 'go', knownArgs: { ...unset, ...known }, unknownArgs });
});

test.each([
  [['go', '--line', '1.5'], 'It must be a whole number.'],
  [['go', '--rate', 'fast'], 'It must be a number.'],
  [['go', '--rate', ''], 'It must be a number.'],
  [['go', '--colour', 'green'], 'It must be one of red, blue.'],
  [['go', '--file-path'], 'argument missing'],
  [['og'], "unknown command 'og'"],
  [[], 'Usage: tool'],
])('parseArgv() ends with exit code 2 for %j', (argv, message) => {
  expect(parse(argv)).toMatchObject({ status: 'exited', exitCode: 2, message: expect.stringContaining(message) });
});

test.each([
  [['--help'], 'Goes.'],
  [['go', '--help'], '--dry-run'],
  [['go', '--help'], '--file-path <FILE>'],
  [['--version'], '1.2.3'],
])('parseArgv() ends in order for %j', (argv, message) => {
  expect(parse(argv)).toMatchObject({ status: 'exited', exitCode: 0, message: expect.stringContaining(message) });
});

test('parseArgv() ends with exit code 2 when a flag that must be given is not', () => {
  const flags = { x: { flags: ['--x'], required: true } };
  expect(parse(['go'], flags)).toMatchObject({ exitCode: 2, message: expect.stringContaining('--x') });
});

test.each<[string, Record<string, Flag>, string]>([
  ['no dash', { x: { flags: ['x'] } }, '"x" is written neither as "-x" nor as "--name"'],
  ['a space', { x: { flags: ['--x <y>'] } }, 'is written neither'],
  ['a name of Object', { x: { flags: ['--constructor'] } }, 'this name cannot be used'],
  ['a key of the prototype', { x: { flags: ['--__proto__'] } }, 'is written neither'],
  ['the same flag twice', { x: { flags: ['--x'] }, y: { flags: ['--x'] } }, 'another flag has this name'],
  ['the same letter twice', { x: { flags: ['--xx', '-x'] }, y: { flags: ['--yy', '-x'] } }, 'conflicting flag'],
  ['the flag of help', { x: { flags: ['--help', '-h'] } }, 'Cannot add flag "x" to command "go"'],
])('parseArgv() refuses a flag with %s', (_what, flags, message) => {
  expect(() => parse(['go'], flags)).toThrow(message);
});
