import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { DaemonPlaceUnderTest } from '../e2e/daemon-process.ts';
import type { RawClient } from '../host/daemon/control/raw-client.ts';
import { testWith } from '../support/needs.ts';
import { Browser } from './browser.ts';

const test = testWith('chromium', 'chromium');
const STAMPS = '({ args }) => ({ action: "modify", changes: { args: [...args, "--quiet"] } })';
const GUARDS = `({ args }) => args.includes("base") ? { action: 'block', violation: { code: 'BASE', reason: 'Nobody changes base.' } } : {}`;
const FRAGILE =
  '({ args }) => { if (!args.includes("boom")) return {}; process.stderr.write("the sky fell\\n"); process.exitCode = 3; process.exit(); }';
const HOOK = 'conda.pre_command';
/** Where to put screenshots for people to look at; none are taken without it. */
const SHOTS = process.env['OUTRIGGER_SHOTS'];
let place: DaemonPlaceUnderTest;
let browsers: Browser[];

beforeAll(() => {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../host/dashboard/build.mjs', import.meta.url))]);
});

beforeEach(() => {
  place = new DaemonPlaceUnderTest();
  browsers = [];
  place.plugin('stamps', { [HOOK]: {} }, STAMPS);
  place.plugin('guards', { [HOOK]: { mode: 'concurrent' } }, GUARDS);
  place.plugin('fragile', { [HOOK]: { onFailure: 'ignore', priority: 60 } }, FRAGILE);
  place.plugin('watches', { [HOOK]: { mode: 'fire_and_forget' } });
});

afterEach(async () => {
  for (const browser of browsers) await browser.close();
  await place.clear();
}, 60_000);

async function open(options: Parameters<typeof Browser.open>[0] = {}): Promise<{ browser: Browser; client: RawClient }> {
  if (place.files().length === 0) await place.up();
  const { stdout } = await place.run(['dashboard', '--json']);
  const browser = await Browser.open(options);
  browsers.push(browser);
  await browser.page.goto((JSON.parse(stdout) as { url: string }).url);
  await browser.page.getByText('live', { exact: true }).waitFor();
  return { browser, client: await place.client() };
}

const emit = (client: RawClient, ...args: string[]): Promise<unknown> =>
  client.ask('emit', { hook: HOOK, payload: { command: 'install', args } });

async function shoot(browser: Browser, name: string): Promise<void> {
  if (SHOTS === undefined) return;
  mkdirSync(SHOTS, { recursive: true });
  await browser.page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
}

test('the dashboard shows a plugin crash when it happens, with its last words', async () => {
  const { browser, client } = await open();
  const { page } = browser;
  const fragile = page.locator('[data-plugin="fragile"]');
  await emit(client, 'numpy');
  await fragile.getByText('ready').waitFor();
  expect(await fragile.getByText('Last exit').count()).toBe(0);

  await emit(client, 'boom');

  await fragile.getByText(/crash.*the sky fell/s).waitFor();
  // It was tried once more on a fresh process, which it killed too.
  await page.getByText(`1 event went on without fragile at ${HOOK}: EVENT_POISONED`).waitFor();
  await page.locator('.lines').getByText('EVENT_POISONED').waitFor();
  await page.locator('.log').getByText('the sky fell').first().waitFor();
  await page.getByText(/^journal \d+ [KM]iB, \d+ written, 0 lost$/).waitFor();
  await shoot(browser, 'crash');
  expect(browser.complaints).toEqual([]);
});

test('the dashboard shows the log from a level on, and what the operator set for a plugin', async () => {
  await place.up();
  await place.run(['plugins', 'set', 'fragile', '--log-level', 'debug']);
  const { browser, client } = await open();
  const { page } = browser;
  await emit(client, 'boom');
  const log = page.locator('.log');
  await log.getByText('the sky fell').first().waitFor();
  await page.locator('[data-plugin="fragile"]').getByText('Log level debug').waitFor();

  await page.getByLabel('Lowest level of the log').selectOption('warn');

  await log.getByText('event went on without a plugin').first().waitFor();
  expect(await log.getByText('the sky fell', { exact: true }).count()).toBe(0);
  await shoot(browser, 'log-level');
  expect(browser.complaints).toEqual([]);
});

test('the dashboard shows one event: who was asked, how long, and who changed what from what to what', async () => {
  const { browser, client } = await open();
  await emit(client, 'numpy');

  await browser.page.locator('.lines button').first().click();

  const detail = browser.page.locator('.detail');
  await detail.getByText('/args').waitFor();
  expect(await detail.locator('del').textContent()).toBe('["numpy"]');
  expect(await detail.locator('ins').textContent()).toBe('["numpy","--quiet"]');
  expect(await detail.locator('.waterfall > li').count()).toBe(4);
  expect(await detail.locator('.bar').first().getAttribute('style')).toMatch(/width: max\(3px, [\d.]+%\)/);
  expect(browser.complaints).toEqual([]);
});

test('the dashboard restarts a plugin with the keyboard alone, after a question', async () => {
  const { browser, client } = await open();
  const { page } = browser;
  await emit(client, 'numpy');
  const before = await pidOf(client, 'stamps');

  await page.getByRole('button', { name: 'Restart stamps' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  expect(await pidOf(client, 'stamps')).toBe(before);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Tab');
  await page.locator('button:focus', { hasText: 'Yes, restart' }).waitFor();
  await shoot(browser, 'dialog');
  await page.keyboard.press('Enter');

  await page.getByText('stamps was restarted').waitFor();
  expect(await pidOf(client, 'stamps')).not.toBe(before);
  expect(browser.complaints).toEqual([]);
});

test('the dashboard disables a plugin in the config and in the daemon, after a question', async () => {
  const { browser } = await open();
  await browser.page.getByRole('button', { name: 'Disable watches' }).click();
  await browser.page.getByRole('button', { name: 'Yes, disable' }).click();

  await browser.page.getByText(/watches is disabled in .*outrigger\.json$/).waitFor();
  await browser.page.locator('[data-plugin="watches"]').getByText('disabled', { exact: true }).waitFor();

  const listed = JSON.parse((await place.run(['plugins', 'list', '--json'])).stdout) as { plugins: { name: string; state: string }[] };
  expect(listed.plugins.find(({ name }) => name === 'watches')).toMatchObject({ state: 'disabled' });
});

test('the dashboard shows the plan of a hook point, stage by stage', async () => {
  const { browser } = await open();
  const plan = browser.page.locator(`[data-hook="${HOOK}"]`);

  await plan.locator('summary').click();

  const stages = await plan.locator('.stage').allInnerTexts();
  expect(stages.map((stage) => stage.split('\n')[0])).toEqual(['sequential', 'sequential', 'concurrent', 'fire and forget']);
  expect(await plan.locator('.stage').first().innerText()).toContain('stamps');
  expect(await plan.locator('.reasons').innerText()).toContain('fragile');
});

test('the dashboard says so when the daemon is gone', async () => {
  const { browser } = await open();
  await place.run(['stop']);
  await browser.page.getByText(/connection (lost|ended)/).waitFor();
});

test('the dashboard keeps the token out of the address, and lets nobody in without it', async () => {
  const { browser } = await open();
  const { page } = browser;
  const address = page.url();
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  await page.reload();
  await page.getByText('live', { exact: true }).waitFor();

  const stranger = await Browser.open();
  browsers.push(stranger);
  const answer = await stranger.page.goto(address);

  expect(answer?.status()).toBe(401);
  expect(await stranger.page.textContent('body')).toContain('outrigger dashboard');
});

test.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 390],
] as const)('the dashboard is readable in %s at a width of %i: nothing sticks out', async (colorScheme, width) => {
  const { browser, client } = await open({ colorScheme, width, height: 844 });
  const { page } = browser;
  for (const args of [['numpy'], ['boom'], ['base'], ['scipy']]) await emit(client, ...args);
  await page.locator('.lines').getByText('blocked by guards').click();
  await page.locator('.detail').getByText('BASE').first().waitFor();
  await page.locator(`[data-hook="${HOOK}"] summary`).click();

  const wide: number = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');

  expect(wide).toBeLessThanOrEqual(0);
  const style = 'getComputedStyle(document.body)';
  const [back, text]: string[] = await page.evaluate(`[${style}.backgroundColor, ${style}.color]`);
  expect(brightness(String(back)) > brightness(String(text))).toBe(colorScheme === 'light');
  await shoot(browser, `${colorScheme}-${width}`);
  expect(browser.complaints).toEqual([]);
});

function brightness(color: string): number {
  return (color.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
}

async function pidOf(client: RawClient, plugin: string): Promise<unknown> {
  const { result = {} } = await client.ask('status');
  return (result['plugins'] as { name: string; pid?: number }[]).find(({ name }) => name === plugin)?.pid;
}
