import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { sandboxTest } from '../../../../host/cli/commands/sandbox-test.ts';
import type { CliContext } from '../../../../host/cli/context.ts';
import { UsageError } from '../../../../host/cli/usage-error.ts';

interface Answered {
  readonly code: number | NodeJS.Signals;
  readonly document: { readonly ok: boolean; readonly attacks: number; readonly gotThrough: number };
  readonly text: string;
}

async function answer(options: Record<string, unknown>): Promise<Answered> {
  let answered: Omit<Answered, 'code'> | undefined;
  const context = {
    paint: (_tone: string, text: string) => text,
    columns: undefined,
    answer: (document: Answered['document'], text: () => string) => {
      answered = { document, text: text() };
    },
  } as unknown as CliContext;
  const code = await sandboxTest(context, { driver: 'none', language: 'javascript', ...options });
  if (answered === undefined) throw new Error('The command gave no answer');
  return { code, ...answered };
}

test('sandboxTest() prints each attack, the score of each category and the total', async () => {
  const { code, document, text } = await answer({ only: 'env.own*' });

  expect(code).toBe(0);
  expect(document).toMatchObject({ ok: true, attacks: 2, gotThrough: 2 });
  expect(text).toMatch(
    /^ALLOWED +env\.own \(javascript\) +Finds variables of the host in its own environment: seen on the host: a secret was read/m,
  );
  expect(text).toMatch(/^environment +2 +0 +2 +0 +0$/m);
  expect(text).toContain('2 attacks, 2 got through');
});

test('sandboxTest() answers with the document that its schema describes', async () => {
  const ajv = new Ajv2020({ strict: false });
  for (const name of ['trace', 'lock', 'manifest', 'cli'])
    ajv.addSchema(JSON.parse(readFileSync(new URL(`../../../../schemas/${name}.schema.json`, import.meta.url), 'utf8')));
  const validate = ajv.getSchema('urn:outrigger:schema:cli#/$defs/sandboxTest');
  const { document } = await answer({ only: 'env.own*', expect: ['seccomp'] });

  // Undefined fields are not printed.
  validate?.(JSON.parse(JSON.stringify(document)));

  expect(validate?.errors).toBeNull();
});

test('sandboxTest() gives 1, and says why, when a layer that was asked for is not engaged', async () => {
  const { code, text } = await answer({ only: 'env.own', expect: ['seccomp'] });

  expect(code).toBe(1);
  expect(text).toContain('failed: the layer "seccomp" was promised and is not engaged');
});

test('sandboxTest() refuses a layer that there is not', async () => {
  await expect(answer({ expect: ['magic'] })).rejects.toThrow(UsageError);
});
