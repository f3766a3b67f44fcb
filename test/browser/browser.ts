import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { findProgram } from '../../host/process/launch.ts';

/** It asks nobody but the page under test. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A real Chromium with a profile of its own. */
export class Browser {
  readonly page: Page;
  /** What the page complained of: errors, refused sources, requests to anybody else. */
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;
  readonly #profile: string;

  static async open(options: { width?: number; height?: number; colorScheme?: 'light' | 'dark' } = {}): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'outrigger-browser-'));
    const { width = 1280, height = 900, colorScheme = 'light' } = options;
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: findProgram('chromium', '/', process.env['PATH'] ?? '') ?? 'chromium',
      headless: true,
      args: FLAGS,
      viewport: { width, height },
      colorScheme,
    });
    return new Browser(context, profile);
  }

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
    this.page = context.pages()[0] as Page;
    this.page.setDefaultTimeout(15_000);
    this.page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    this.page.on('pageerror', (error) => this.complaints.push(String(error)));
    this.page.on('request', (request) => {
      const { hostname, protocol } = new URL(request.url());
      if (protocol !== 'data:' && hostname !== '127.0.0.1') this.complaints.push(`asked ${request.url()}`);
    });
  }

  async close(): Promise<void> {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}
