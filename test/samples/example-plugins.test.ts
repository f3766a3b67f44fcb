import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '@outrigger/schemas';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createHost } from '../../host/daemon/host.ts';
import { readManifest } from '../sdk/typescript/plugin-process.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, 'sample-plugins');
const readmeOf = (name: string) => join(FOLDER, name, 'README.md');
/** The config that a README shows, if it shows a whole one. */
const configOf = (name: string) => /```yaml\n(catalogs:[\s\S]*?)```/.exec(readFileSync(readmeOf(name), 'utf8'))?.[1];
const EXAMPLES = readdirSync(FOLDER).filter((name) => existsSync(readmeOf(name)) && configOf(name) !== undefined);

describe('the README of', () => {
  test.each(EXAMPLES)('%s shows a config that loads, and every setting there is', async (name) => {
    const config = parse(configOf(name) ?? '') as Config;
    const { configSchema } = readManifest(join(FOLDER, name)).manifest as { configSchema?: { properties: object } };
    const readme = readFileSync(readmeOf(name), 'utf8');

    await using host = await createHost({ config, cwd: ROOT, env: {} });

    // A plugin may hear more than the catalogs of one application.
    expect(host.problems.filter(({ message }) => !message.includes('is never fired here'))).toEqual([]);
    expect(host.plugins().map(({ registered }) => registered.name)).toEqual([name]);
    expect(Object.values(config.sets ?? {}).map(({ plugins }) => plugins)).toEqual(config.sets ? [[name]] : []);
    expect(Object.keys(configSchema?.properties ?? {}).filter((property) => !readme.includes(`\`${property}\``))).toEqual([]);
  });

  test('at least fourteen plugins does', () => {
    expect(EXAMPLES.length).toBeGreaterThanOrEqual(14);
  });
});
