import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { ROOT } from '../schemas/every-schema.ts';
import type { CliPlace } from './cli-place.ts';

/** The document that a command answers with --json, which fits its definition in `cli.schema.json`. */
export async function document<T>(place: CliPlace, definition: string, ...args: string[]): Promise<T> {
  const { stdout } = await place.run([...args, '--json']);
  const ajv = new Ajv2020({ strict: false });
  for (const name of ['trace', 'cli'])
    ajv.addSchema(JSON.parse(readFileSync(new URL(`${name}.schema.json`, ROOT), 'utf8')) as Record<string, unknown>);
  const answer = JSON.parse(stdout) as T;
  const isRight = ajv.getSchema(`urn:outrigger:schema:cli#/$defs/${definition}`);
  expect(isRight?.(answer), JSON.stringify(isRight?.errors)).toBe(true);
  return answer;
}
