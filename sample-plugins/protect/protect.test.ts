import { homedir } from 'node:os';
import { testPlugin } from '@outrigger/sdk/testing';
import { describe, expect, test } from 'vitest';
import { readManifest, startPlugin } from '../../test/sdk/typescript/plugin-process.ts';
import { plugin } from './plugin.ts';

const cwd = '/projects/app';
const { configSchema } = readManifest(import.meta.dirname).manifest as unknown as {
  configSchema: { properties: { commands: { default: string[] } } };
};
const listed = configSchema.properties.commands.default;
const config = { commands: [...listed, 'git push --force*', 'shutdown', 'docker run * --privileged*'] };

/** Code of the rule that blocks a command line; its words stand apart by spaces, a script is one word. */
async function ruleFor(words: string | string[], folder = cwd): Promise<string | undefined> {
  const [command = '', ...args] = typeof words === 'string' ? words.split(' ') : words;
  const t = await testPlugin(plugin, { config });
  return (await t.call('conda.pre_command', { command, args, cwd: folder }))?.violation?.code;
}

describe('protect blocks', () => {
  test.each([
    'rm -rf /',
    'rm -r -f /',
    'rm -fr /',
    'rm / -Rf',
    'rm --recursive --force /',
    'rm --force --recurs -- /',
    'rm -rf /*',
    'rm -rf //',
    'rm -rf /./../',
    'rm -rf ~',
    'rm -rf ~/',
    'rm -rf ~/*',
    'rm -rf $HOME',
    `rm -rf \${HOME}/`,
    'rm -rf ~root',
    `rm -rf ${homedir()}`,
    'rm -rf /etc',
    'rm -rf build /usr/bin',
    'rm -rf /home/../etc/ssh',
    'rm -rf ../..',
    'rm -rf ../../../../../etc',
    'rm -rf --no-preserve-root build',
    'sudo rm -rf /',
    'sudo -u root -- rm -rf /',
    'env A=1 rm -rf /',
    'nice -n 10 nohup rm -rf /',
    'timeout -s KILL 5s rm -rf /',
    'xargs -n 1 rm -rf /',
    'busybox rm -rf /',
  ])('protect blocks %s', async (line) => {
    expect(await ruleFor(line)).toBe('rm-system');
  });

  test.each([
    'rm -rf /',
    'cd build && rm -rf "/"',
    "echo hi; rm -r -f '/' | cat",
    'cd / && rm -rf *',
    'if true; then rm -rf ~; fi',
    'A=1 rm -rf $HOME/',
    '\\rm -rf /',
    '/bin/rm -rf /',
    'echo "$(rm -rf /)"',
    'x=`rm -rf /`',
    '(rm -rf /)',
    'eval "rm -rf /"',
    'bash -c "sh -c \'rm -rf /\'"',
    'sudo env -S "rm -rf /"',
  ])('protect blocks sh -c %j', async (script) => {
    expect(await ruleFor(['sh', '-c', script])).toBe('rm-system');
    expect(await ruleFor(['sudo', 'bash', '-ec', script])).toBe('rm-system');
  });

  test.each([
    [['dd', 'if=/dev/zero', 'of=/dev/sda'], 'listed'],
    [['dd', 'of=/dev/nvme0n1', 'bs=1M'], 'listed'],
    [['sh', '-c', 'cat image > /dev/sdb'], 'listed'],
    [['mkfs.ext4', '/dev/sda1'], 'listed'],
    [['sudo', 'mkfs', '/dev/sda1'], 'listed'],
    [['chmod', '-R', '777', '/'], 'chmod-system'],
    [['chown', 'me:me', '--recursive', '/usr'], 'chmod-system'],
    [['sh', '-c', ':(){ :|:& };:'], 'listed'],
  ])('protect blocks %j by rule %s', async (words, rule) => {
    expect(await ruleFor(words)).toBe(rule);
  });

  test.each(['git push --force origin main', 'sudo shutdown', 'docker run -it --privileged debian'])(
    'protect blocks %s, which the operator lists',
    async (line) => {
      expect(await ruleFor(line)).toBe('listed');
    },
  );
});

test.each([
  'rm -rf build',
  'rm -rf ./dist/* ../other',
  'rm -rf /tmp/x /var/tmp/x',
  'rm /etc/motd',
  'rm -f /',
  'ls -R /',
  'dd if=/dev/sda of=disk.img',
  'chmod -R u+w build',
  'git push',
  'shutdown -r now',
  'echo rm -rf /',
  'sudo ls /',
  'sh script.sh',
])('protect lets %s pass', async (line) => {
  expect(await ruleFor(line)).toBeUndefined();
});

test('protect names command and rule in its reason', async () => {
  const t = await testPlugin(plugin);

  const answer = await t.call('conda.pre_command', { command: 'sudo', args: ['rm', '-rf', '/'], cwd });

  expect(answer?.violation?.reason).toBe('"rm -rf /" is not allowed: it removes a system or home folder with all it holds');
});

test('protect answers soon on hostile command lines', async () => {
  const nested = Array.from({ length: 200 }, (_, i) => (i % 2 ? 'eval' : 'sudo'));
  const hostile = [nested, [...nested, nested.join(' ')], ['sh', '-c', '"'.repeat(50_000)], ['sh', '-c', '(){'.repeat(30_000)]];

  for (const words of hostile) expect(await ruleFor(words)).toBeUndefined();
});

test('protect runs as a process and its manifest is valid', async () => {
  expect(readManifest(import.meta.dirname).problems).toEqual([]);
  const process = startPlugin(import.meta.dirname);

  await process.initialize(config);
  const blocked = await process.invoke('conda.pre_command', { command: 'rm', args: ['-rf', '/'], cwd });
  const passed = await process.invoke('conda.pre_command', { command: 'ls', args: ['/'], cwd });

  expect(blocked['result']).toMatchObject({ action: 'block', violation: { code: 'rm-system' } });
  expect(passed['result']).toEqual({});
  expect(await process.stop()).toEqual({ code: 0, signal: null });
});
