import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMPLETION_SCRIPTS } from '../../../host/cli/completion-scripts.ts';
import { CliPlace } from '../../e2e/cli-place.ts';

let place: CliPlace;

beforeAll(() => {
  place = new CliPlace();
  place.plugin('protect', { 'conda.pre_command': {} });
  place.plugin('command-log', { 'conda.post_command': {} });
});

afterAll(() => place.remove());

/** What bash offers for these words, the last one being at the cursor. */
function complete(...words: string[]): string[] {
  const quoted = ['outrigger', ...words].map((word) => `'${word}'`).join(' ');
  const line = `${COMPLETION_SCRIPTS.bash}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _outrigger outrigger; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', place.withOutrigger(line)], {
    cwd: place.folder,
    env: place.env,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

test('the bash script completes commands and options', () => {
  expect(complete('pl')).toEqual(['plugins']);
  expect(complete('plugins', 'dis')).toEqual(['disable']);
  expect(complete('emit', '--pay')).toEqual(['--payload']);
});

test('the bash script completes names of plugins and hook points', () => {
  expect(complete('plugins', 'disable', '')).toEqual(['protect', 'command-log']);
  expect(complete('--without', 'pro')).toEqual(['protect']);
  expect(complete('explain', 'conda.pre_c')).toEqual(['conda.pre_command']);
});

test('the bash script completes files where a file is wanted', () => {
  expect(complete('--config', 'outr')).toEqual(['outrigger.json']);
});

test('the bash script completes the wrapped command by its own name', () => {
  expect(new Set(complete('run', '--', 'mkfif'))).toEqual(new Set(['mkfifo']));
});

test.each(['zsh', 'fish'] as const)('the %s script asks the hidden command', (shell) => {
  expect(COMPLETION_SCRIPTS[shell]).toContain('__complete --');
  expect(COMPLETION_SCRIPTS[shell]).not.toContain('undefined');
});
