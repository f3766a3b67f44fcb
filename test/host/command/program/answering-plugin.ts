import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config, Manifest, PluginEntry } from '@outrigger/schemas';
import { createHost } from '../../../../host/daemon/host.ts';
import type { Host } from '../../../../host/daemon/types.ts';

/** Answers by hook point, a dictionary `answer` of functions; told the payload. */
const PYTHON = (functions: string): string => `
import json, sys

${functions}

for line in sys.stdin:
    request = json.loads(line)
    if request.get("method") == "exit":
        break
    if "id" not in request:
        continue
    params = request.get("params") or {}
    hook = params.get("hook", "").removeprefix("coma.")
    result = globals()[hook](params["payload"], params) if request["method"] == "hook/invoke" else {}
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
`;

const BASH = (result: string): string => `
while IFS= read -r line; do
  id=$(sed -n 's/.*"id":\\([0-9]*\\).*/\\1/p' <<<"$line")
  [[ $line == *'"method":"exit"'* ]] && exit 0
  [[ -n $id ]] || continue
  result='{}'
  [[ $line == *'"method":"hook/invoke"'* ]] && result='${result}'
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\\n' "$id" "$result"
done
`;

export type Wishes = NonNullable<Manifest['hooks']>;

/** Writes plugins into a folder and opens a host with them, trusted, and with the catalog of coma. */
export class AnsweringPlugins {
  readonly #folder: string;
  readonly #entries: Record<string, PluginEntry> = {};

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Each function has the name of a slot and gives the answer to it. */
  python(name: string, hooks: Wishes, functions: string): Promise<void> {
    return this.#write(name, hooks, { command: ['python3', 'plugin.py'], text: PYTHON(functions) });
  }

  /** Gives one answer to everything. */
  bash(name: string, hooks: Wishes, result: string): Promise<void> {
    return this.#write(name, hooks, { command: ['bash', 'plugin.sh'], text: BASH(result) });
  }

  /** `more`: what the config says about plugins beside where they are. */
  open(more: Readonly<Record<string, PluginEntry>> = {}): Promise<Host> {
    const entries = Object.entries(this.#entries).map(([name, entry]) => [name, { ...entry, ...more[name] }] as const);
    const config: Config = { catalogs: ['coma'], plugins: Object.fromEntries(entries) };
    return createHost({ config, cwd: this.#folder, env: { PATH: process.env['PATH'], HOME: this.#folder } });
  }

  async #write(name: string, hooks: Wishes, program: { command: [string, string]; text: string }): Promise<void> {
    const folder = join(this.#folder, 'plugins', name);
    await mkdir(folder, { recursive: true });
    const [command, file] = program.command;
    const named = Object.fromEntries(Object.entries(hooks).map(([slot, wish]) => [`coma.${slot}`, wish]));
    const manifest = { name, version: '1.0.0', description: 'Answers.', runtime: { command, args: [file] }, hooks: named };
    await writeFile(join(folder, 'plugin.json'), JSON.stringify(manifest));
    await writeFile(join(folder, file), program.text);
    this.#entries[name] = { path: folder, trust: 'full' };
  }
}
