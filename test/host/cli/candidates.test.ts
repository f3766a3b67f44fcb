import { expect, test } from 'vitest';
import { candidates } from '../../../host/cli/candidates.ts';
import { makeProgram } from '../../../host/cli/program.ts';

const program = makeProgram({
  version: '1',
  makeContext: () => {
    throw new Error('no command is run here');
  },
  onDone: () => undefined,
});

function wordsAfter(...typed: string[]): string[] {
  const wanted = candidates(program, typed);
  return wanted.kind === 'words' ? wanted.words.map(({ word }) => word) : [`(${wanted.kind})`];
}

test('candidates() offers the commands, not the hidden one', () => {
  expect(wordsAfter('')).toEqual([
    'run',
    'emit',
    'explain',
    'trace',
    'audit',
    'up',
    'start',
    'stop',
    'status',
    'reload',
    'dashboard',
    'plugins',
    'sets',
    'secrets',
    'hooks',
    'doctor',
    'sandbox-test',
    'test',
    'new',
    'dev',
    'replay',
    'completions',
  ]);
  expect(wordsAfter('plugins', '')).toEqual([
    'list',
    'show',
    'enable',
    'disable',
    'add',
    'trust',
    'untrust',
    'remove',
    'restart',
    'reload',
    'logs',
    'set',
    'config',
  ]);
});

test("candidates() offers a command's own options and those of every command", () => {
  expect(wordsAfter('emit', '--')).toEqual(expect.arrayContaining(['--payload', '--session', '--json', '--without']));
});

test.each([
  [['plugins', 'disable', ''], ['(plugins)']],
  [['--without', ''], ['(plugins)']],
  [['sets', 'disable', ''], ['(sets)']],
  [['plugins', 'logs', 'one', ''], ['(plugins)']],
  [['audit', '--plugin', ''], ['(plugins)']],
  [
    ['plugins', 'logs', '--level', ''],
    ['debug', 'info', 'warn', 'error'],
  ],
  [['trace', '--hook', ''], ['(hooks)']],
  [['explain', 'conda'], ['(hooks)']],
  [['--config', '=', ''], ['(files)']],
  [['plugins', 'add', ''], ['(files)']],
  [['trace', ''], ['last']],
  [
    ['completions', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['doctor', ''], []],
  [['explain', 'conda.pre_command', ''], []],
])('candidates() after %j', (typed, words) => {
  expect(wordsAfter(...typed)).toEqual(words);
});

test.each([
  [['run', ''], 2],
  [['run', 'git', 'com'], 2],
  [['run', '--', 'git', ''], 3],
  [['run', '--without', 'x', 'git', '--f'], 4],
  [['--json', 'run', 'git', '-x', '--', ''], 3],
])('candidates() leaves %j to the completion of the wrapped command, word %i', (typed, offset) => {
  expect(candidates(program, typed)).toEqual({ kind: 'command', offset });
});
