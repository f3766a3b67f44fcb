import { expect, test } from 'vitest';
import { installCommand } from '../../../../host/sandbox/machine/install-command.ts';

test.each([
  ['/usr/bin/apt-get', /^(sudo )?apt-get install python3$/],
  ['/usr/bin/dnf', /^(sudo )?dnf install python3$/],
  ['/usr/bin/pacman', /^(sudo )?pacman -S python$/],
  ['/sbin/apk', /^(sudo )?apk add python3$/],
  ['/opt/homebrew/bin/brew', /^brew install python3$/],
])('installCommand() where there is %s names its command', (tool, command) => {
  expect(installCommand('python3', (file) => file === tool)).toMatch(command);
});

test('installCommand() without a known package tool says what to install', () => {
  expect(installCommand('bubblewrap', () => false)).toBe('install the package "bubblewrap"');
});

test('installCommand() has sudo for ordinary users only', () => {
  const isRoot = process.getuid?.() === 0;
  expect(installCommand('perl', (file) => file === '/usr/bin/apt-get').startsWith('sudo ')).toBe(!isRoot);
});
