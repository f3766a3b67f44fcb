import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect } from 'vitest';
import { testWith } from '../support/needs.ts';
import { CliPlace } from './cli-place.ts';

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { readonly check: string; readonly status: string; readonly layer?: string; readonly message: string }[];
}

const test = testWith('bwrap', 'bubblewrap');
let place: CliPlace;

beforeEach(() => {
  place = new CliPlace();
});

afterEach(() => place.remove());

async function doctor(): Promise<Report & { readonly code: number | null }> {
  const { code, stdout } = await place.run(['doctor', '--json']);
  return { code, ...(JSON.parse(stdout) as Report) };
}

test('outrigger doctor finds bubblewrap by its absolute path, whatever PATH says', async () => {
  place.env['PATH'] = '/nonexistent';
  const { code, checks } = await doctor();
  expect(code).toBe(0);
  const find = (name: string) => checks.find(({ check }) => check === name);
  expect(find('driver bubblewrap')?.message).toContain('holds');
  expect(find('sandbox')).toMatchObject({ status: 'ok', message: 'untrusted plugins are confined by bubblewrap' });
  expect(find('namespaces')).toMatchObject({ layer: 'on' });
});

test('outrigger doctor returns 1 when the named driver is not there and an untrusted plugin is listed', async () => {
  const driver = process.platform === 'darwin' ? 'bubblewrap' : 'seatbelt';
  writeFileSync(place.path('outrigger.json'), JSON.stringify({ sandbox: { driver } }));
  expect(await doctor()).toMatchObject({ code: 0, ok: true });
  place.plugin('shy', {});
  writeFileSync(place.path('outrigger.json'), JSON.stringify({ sandbox: { driver }, plugins: { shy: { path: './plugins/shy' } } }));
  const { code, ok, checks } = await doctor();
  expect({ code, ok }).toEqual({ code: 1, ok: false });
  expect(checks.find(({ check }) => check === 'sandbox')).toMatchObject({ status: 'fail', message: expect.stringContaining('shy') });
});
