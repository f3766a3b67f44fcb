import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { javaSettings } from '../../../../host/sandbox/view/java-settings.ts';
import { runConfined } from '../../../support/confined.ts';
import { testWith } from '../../../support/needs.ts';

test.each([
  '/usr/bin/python3',
  '/usr/lib/jvm/temurin-25-jdk-amd64/bin/java',
  '/home/x/usr/lib/jvm/java-17-openjdk/bin/java',
  '/usr/lib/jvm/java-9999-openjdk/bin/java',
])('javaSettings() shows nothing for %s', (program) => {
  expect(javaSettings(program)).toEqual([]);
});

test('javaSettings() shows the settings of the version that is started, where there are any', () => {
  const folder = '/etc/java-17-openjdk';
  const shown = existsSync(folder) ? [{ source: folder, target: folder }] : [];

  expect(javaSettings('/usr/lib/jvm/java-17-openjdk-amd64/bin/java').filter(({ source }) => source === folder)).toEqual(shown);
});

testWith('java', 'default-jre-headless')(
  'javaSettings() lets a Java of the system start in its sandbox',
  async () => {
    const { stdout, stderr, exit } = await runConfined(['/usr/bin/java', '-XX:+UseSerialGC', '-version'], { limits: { memoryMb: 1024 } });

    expect(stdout + stderr).toMatch(/version "\d+/);
    expect(exit).toEqual({ code: 0 });
  },
  30_000,
);
