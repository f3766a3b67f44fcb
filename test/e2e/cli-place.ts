import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const MAIN: string = fileURLToPath(new URL('../../host/cli/main.ts', import.meta.url));
const PLUGIN = `import { createInterface } from 'node:readline';
import { appendFileSync } from 'node:fs';
appendFileSync('started', String(process.pid) + '\\n');
const answer = ANSWER;
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (method.startsWith('hook/')) appendFileSync('events', JSON.stringify(params) + '\\n');
  if (id === undefined) continue;
  const result = method === 'hook/invoke' ? await answer(params.payload, params) : {};
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
}
`;

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SeenEvent {
  readonly hook: string;
  readonly payload: Record<string, unknown>;
  readonly context: { readonly operation?: string };
}

/** A folder with a home, a config and tiny plugins; the command line runs there and sees nothing of the machine's own. */
export class CliPlace {
  readonly folder: string = realpathSync(mkdtempSync(join(tmpdir(), 'outrigger-cli-')));
  readonly env: Record<string, string> = {
    HOME: join(this.folder, 'home'),
    PATH: `${join(process.execPath, '..')}:/usr/bin:/bin`,
  };
  readonly #plugins: Record<string, unknown> = {};

  constructor() {
    mkdirSync(this.env['HOME'] as string);
  }

  /** A plugin that hears these hook points; `answer` is the source of a function of payload and params. */
  plugin(name: string, hooks: Record<string, object>, answer = '() => ({})'): void {
    const folder = join(this.folder, 'plugins', name);
    mkdirSync(folder, { recursive: true });
    const manifest = { name, version: '1.0.0', runtime: { command: 'node', args: ['plugin.mjs'] }, hooks };
    writeFileSync(join(folder, 'plugin.json'), JSON.stringify(manifest));
    writeFileSync(
      join(folder, 'plugin.mjs'),
      PLUGIN.replace('ANSWER', () => answer),
    );
    this.#plugins[name] = { path: `./plugins/${name}`, trust: 'full' };
    this.config({});
  }

  config(others: object): void {
    writeFileSync(this.path('outrigger.json'), JSON.stringify({ plugins: this.#plugins, ...others }, undefined, 2));
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  hasStarted(plugin: string): boolean {
    return existsSync(this.path('plugins', plugin, 'started'));
  }

  /** What the plugin was told, in order. */
  events(plugin: string): SeenEvent[] {
    const file = this.path('plugins', plugin, 'events');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
    return lines.map((line) => JSON.parse(line) as SeenEvent);
  }

  start(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return spawn(process.execPath, ['--conditions=@outrigger/source', MAIN, ...args], { cwd: this.folder, env: this.env, ...options });
  }

  /** A line of shell in which `outrigger` is the command line under test. */
  withOutrigger(line: string): string {
    return `outrigger() { "${process.execPath}" --conditions=@outrigger/source "${MAIN}" "$@"; }; ${line}`;
  }

  shell(line: string, options: SpawnOptions = {}): ChildProcess {
    return spawn('bash', ['-c', this.withOutrigger(line)], { cwd: this.folder, env: this.env, ...options });
  }

  run(args: readonly string[], options: SpawnOptions & { input?: string } = {}): Promise<Finished> {
    const child = this.start(args, options);
    child.stdin?.end(options.input ?? '');
    return finished(child);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function finished(child: ChildProcess): Promise<Finished> {
  const read = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      read[name] += text;
    });
  }
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...read })));
}
