import { isatty } from 'node:tty';
import { MAX_SECRET_BYTES, SECRET_NAME } from '../../daemon/secret-file.ts';
import { openSecretStore, type SecretPlace } from '../../daemon/secret-store.ts';
import { HostError } from '../../protocol/errors.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { openRegistry } from '../open-registry.ts';
import { printable } from '../print/printable.ts';
import { shortPath } from '../print/problem-text.ts';
import { table } from '../print/table.ts';
import { readHidden } from '../read-hidden.ts';
import { UsageError } from '../usage-error.ts';

const COLUMNS = ['secret', 'kept in', 'granted to'].map((title) => ({ title }));

interface Listed {
  readonly name: string;
  readonly store: SecretPlace | 'missing';
  readonly plugins: readonly string[];
}

/** `outrigger secrets set`: the value comes from the terminal, unseen, or from stdin; never from the arguments, which everybody may read. */
export async function setSecret(context: CliContext, args: string[], options: Record<string, unknown>): Promise<number | NodeJS.Signals> {
  const [name = '', ...more] = args;
  if (!SECRET_NAME.test(name)) throw new UsageError(`Cannot store secret "${name}": use letters, digits, "_", "." and "-" in its name`);
  if (more.length > 0)
    throw new UsageError(`Cannot store secret "${name}": everybody may read the arguments of a program, so give its value on stdin`);
  const value = isatty(0) ? await readHidden(`Value of ${name} (not shown): `) : await readStdin(name);
  if (value === undefined) return 'SIGINT';
  const secrets = openSecretStore(context.env);
  const store = await secrets.set(name, value, options['store'] as SecretPlace | 'auto');
  const place = store === 'keyring' ? 'the keyring' : `${shortPath(secrets.path, context.cwd)}, which only you may read`;
  context.answer({ name, store, change: 'set' }, () => `stored ${printable(name)} in ${printable(place)}`);
  return EXIT.done;
}

/** `outrigger secrets list`: names, never values. */
export async function listSecrets(context: CliContext): Promise<number> {
  const { path: file, secrets } = await gather(context);
  context.answer({ file, secrets }, () => {
    if (secrets.length === 0) return 'No secrets here; store one with: outrigger secrets set NAME';
    const rows = secrets.map(({ name, store, plugins }) => [
      { text: printable(name), tone: 'name' as const },
      store === 'missing' ? { text: store, tone: 'warn' as const } : { text: store },
      { text: printable(plugins.join(', ') || '–') },
    ]);
    return table(COLUMNS, rows, context);
  });
  return EXIT.done;
}

/** `outrigger secrets remove` */
export async function removeSecret(context: CliContext, name: string): Promise<number> {
  const secrets = openSecretStore(context.env);
  const store = await secrets.remove(name);
  if (store === undefined) {
    const names = (await secrets.list()).map((one) => one.name);
    const known = names.length > 0 ? `there ${names.length === 1 ? 'is' : 'are'} "${names.join('", "')}"` : 'there are none';
    throw new HostError('SECRET_UNKNOWN', `Cannot remove secret "${name}": no secret has this name, ${known}`);
  }
  context.answer({ name, store, change: 'removed' }, () => `removed ${printable(name)}`);
  return EXIT.done;
}

/** What is stored, and what plugins are granted that is not. */
async function gather(context: CliContext): Promise<{ path: string; secrets: Listed[] }> {
  const store = openSecretStore(context.env);
  const stored = new Map<string, SecretPlace>((await store.list()).map((one) => [one.name, one.store]));
  const grants = new Map<string, Set<string>>();
  for (const { name: plugin, granted } of (await openRegistry(context)).plugins.values()) {
    for (const secret of granted.secrets ?? []) {
      const name = typeof secret === 'string' ? secret : secret.name;
      grants.set(name, (grants.get(name) ?? new Set()).add(plugin));
    }
  }
  const names = [...new Set([...stored.keys(), ...grants.keys()])].sort();
  const secrets = names.map((name) => ({ name, store: stored.get(name) ?? ('missing' as const), plugins: [...(grants.get(name) ?? [])] }));
  return { path: store.path, secrets };
}

/** All of stdin but the line end that `echo` puts behind it. */
async function readStdin(name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_SECRET_BYTES + 2)
      throw new UsageError(`Cannot store secret "${name}": its value is longer than ${MAX_SECRET_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
