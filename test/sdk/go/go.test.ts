import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { folderTarget } from '../../../host/conformance/make-target.ts';
import { runChecks } from '../../../host/conformance/run-checks.ts';
import { generate } from '../../../sdk/go/generate.ts';
import { buildPlugin, GO_TIMEOUT, go, testWithGo, unformatted } from './go.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SDK = `${ROOT}sdk/go/`;
const generated = Object.entries(generate());
const readme = readFileSync(`${SDK}README.md`, 'utf8');
const shown = [...readme.matchAll(/<!-- file: (\S+) -->\n```\w+\n(.*?)\n```/gs)].map(([, file, text]) => [file, text] as const);

test.each(generated)('generate() makes sdk/go/%s as it is; run `node sdk/go/generate.ts` when it does not', (file, text) => {
  expect(readFileSync(`${SDK}${file}`, 'utf8')).toBe(text);
});

test.each(shown)('sdk/go/README.md shows %s as it is', (file, text) => {
  expect(`${text}\n`).toBe(readFileSync(`${ROOT}${file}`, 'utf8'));
});

test('sdk/go/README.md names every field of Event and Host, and every answer', () => {
  const fields = [...read('event.go', 'Event'), ...read('host.go', 'Host')];
  const answers = [...readFileSync(`${SDK}answer.go`, 'utf8').matchAll(/^func (?:\(a Answer\) )?([A-Z]\w+)\(/gm)].map(
    ([, name = '']) => name,
  );

  expect(fields).toContain('Storage');
  expect([...fields, ...answers].filter((name) => name !== 'MarshalJSON' && !readme.includes(name))).toEqual([]);
});

testWithGo('the Go SDK is formatted, vetted and passes its own tests', GO_TIMEOUT, async () => {
  expect(await unformatted(SDK)).toBe('');
  expect(await go(SDK, ['vet', './...'])).toBe('');
  expect(await go(SDK, ['test', './...'])).toMatch(/^ok\s/m);
});

testWithGo('the Go SDK stands on the standard library alone', GO_TIMEOUT, async () => {
  const packages = (await go(SDK, ['list', '-deps', '-f', '{{if not .Standard}}{{.ImportPath}}{{end}}', './...']))
    .split('\n')
    .filter(Boolean);

  expect(packages.filter((name) => !name.startsWith('github.com/outrigger-dev/outrigger/sdk/go'))).toEqual([]);
});

testWithGo('the Go SDK meets every requirement in the sandbox', GO_TIMEOUT, async () => {
  const folder = await buildPlugin(`${ROOT}test/conformance/probes/go`);
  const report = await runChecks(await folderTarget(folder, { cwd: folder, env: process.env, cacheDir: folder, isConfined: true }), {
    level: 2,
  });

  expect(report.findings.filter(({ status }) => status !== 'pass')).toEqual([]);
});

/** Public fields of a struct. */
function read(file: string, struct: string): string[] {
  const [, body = ''] =
    new RegExp(`^type ${struct}(?:\\[.*?\\])? struct \\{\\n(.*?)^\\}`, 'ms').exec(readFileSync(`${SDK}${file}`, 'utf8')) ?? [];
  return [...body.matchAll(/^\t([A-Z]\w*) /gm)].map(([, name = '']) => name);
}
