import { homedir } from 'node:os';
import { join } from 'node:path';
import { HostError } from '../protocol/errors.ts';
import { findKeyring, type Keyring } from './keyring.ts';
import { MAX_SECRET_BYTES, SECRET_NAME, SecretFile } from './secret-file.ts';

export type SecretPlace = 'keyring' | 'file';

const TRIAL_MS = 2000;
/** How long it may take when a person has to unlock it. */
const UNLOCK_MS = 30_000;

/** The user's own secrets: each in the keyring where that works, else in a file of mode 0600, which also lists the names of all. */
export class SecretStore {
  readonly #file: SecretFile;
  readonly #keyring: Keyring | undefined;
  readonly #trialMs: number;

  /** `trialMs`: how long a keyring may take to show that it works. */
  constructor(file: string, keyring: Keyring | undefined, trialMs: number = TRIAL_MS) {
    this.#file = new SecretFile(file);
    this.#keyring = keyring;
    this.#trialMs = trialMs;
  }

  get path(): string {
    return this.#file.path;
  }

  /** Undefined: there is none of this name. Rejects with STORAGE_FAILED. */
  async get(name: string): Promise<string | undefined> {
    const entry = (await this.#file.read()).get(name);
    return typeof entry === 'object' ? this.#usable(name).get(name, UNLOCK_MS) : entry;
  }

  /** Stores it and tells where. `auto`: in the keyring when that gives the value back within two seconds, else in the file. */
  async set(name: string, value: string, where: SecretPlace | 'auto' = 'auto'): Promise<SecretPlace> {
    refuseOddity(name, value);
    const before = (await this.#file.read()).get(name);
    if (where === 'keyring') await keep(this.#usable(name), name, { value, timeoutMs: UNLOCK_MS });
    const inKeyring = where === 'keyring' || (where === 'auto' && (await this.#tryKeyring(name, value)));
    await this.#file.write(new Map([[name, inKeyring ? { keyring: true } : value]]));
    // One value only: the older one must not come back some day.
    if (!inKeyring && typeof before === 'object') await this.#keyring?.remove(name, this.#trialMs).catch(() => undefined);
    return inKeyring ? 'keyring' : 'file';
  }

  /** Tells where it was; undefined when there was none. */
  async remove(name: string): Promise<SecretPlace | undefined> {
    const entry = (await this.#file.read()).get(name);
    if (entry === undefined) return undefined;
    if (typeof entry === 'object') await this.#usable(name).remove(name, UNLOCK_MS);
    await this.#file.write(new Map([[name, undefined]]));
    return typeof entry === 'object' ? 'keyring' : 'file';
  }

  /** Names and where each value is, sorted. Asks no keyring. */
  async list(): Promise<{ name: string; store: SecretPlace }[]> {
    const entries = [...(await this.#file.read())];
    return entries
      .map(([name, entry]) => ({ name, store: typeof entry === 'object' ? ('keyring' as const) : ('file' as const) }))
      .sort(byName);
  }

  async #tryKeyring(name: string, value: string): Promise<boolean> {
    if (this.#keyring === undefined) return false;
    try {
      await keep(this.#keyring, name, { value, timeoutMs: this.#trialMs });
      return true;
    } catch {
      // The caller is told where the value is: this is no silent way out.
      return false;
    }
  }

  #usable(name: string): Keyring {
    if (this.#keyring !== undefined) return this.#keyring;
    const fix = `install libsecret-tools, or store it in the file: outrigger secrets set ${name} --store file`;
    throw new HostError(
      'STORAGE_FAILED',
      `Cannot use secret "${name}": it belongs in the keyring, and there is no program for that; ${fix}`,
    );
  }
}

/** The store of this user. Throws STORAGE_FAILED for one without a home. */
export function openSecretStore(env: Readonly<Record<string, string | undefined>>, trialMs?: number): SecretStore {
  const base = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
  return new SecretStore(join(base, 'outrigger', 'secrets.json'), findKeyring(env), trialMs);
}

/** Stores and looks: some keyrings take a value and lose it. */
async function keep(keyring: Keyring, name: string, { value, timeoutMs }: { value: string; timeoutMs: number }): Promise<void> {
  await keyring.set(name, value, timeoutMs);
  if ((await keyring.get(name, timeoutMs)) === value) return;
  await keyring.remove(name, timeoutMs);
  throw new HostError('STORAGE_FAILED', `Cannot store secret "${name}" with the keyring: it does not give back what it was given`);
}

function refuseOddity(name: string, value: string): void {
  const why = SECRET_NAME.test(name) ? oddityOf(value) : 'its name must be letters, digits, "_", "." and "-", and begin with a letter';
  if (why !== undefined) throw new HostError('CONFIG_INVALID', `Cannot store secret "${name}": ${why}`);
}

function oddityOf(value: string): string | undefined {
  if (value === '') return 'its value is empty';
  if (value.includes('\0') || !value.isWellFormed()) return 'its value is no text';
  return Buffer.byteLength(value) > MAX_SECRET_BYTES ? `its value is longer than ${MAX_SECRET_BYTES} bytes` : undefined;
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}
