import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A keyring in a folder, behind a program that takes the arguments of libsecret's. */
const WORKS = `case $1 in
store) cat >"$KEYS/$6" ;;
lookup) [ -f "$KEYS/$5" ] || exit 1; cat "$KEYS/$5" ;;
clear) rm -f "$KEYS/$5" ;;
esac`;

/** Ways in which a secret-tool may behave. */
export const PROGRAMS = {
  works: WORKS,
  'has no session bus': 'echo "secret-tool: Cannot autolaunch D-Bus without X11 \\$DISPLAY" >&2; exit 1',
  hangs: 'exec sleep 60',
  forgets: 'cat >/dev/null; exit 0',
  'says too much': 'exec yes',
} as const;

/** A folder for one test with a home, and a `secret-tool` in it if one is asked for. */
export class KeyringPlace {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;

  private constructor(folder: string) {
    this.folder = folder;
    this.env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: folder, KEYS: join(folder, 'keys') };
  }

  static async open(program?: keyof typeof PROGRAMS): Promise<KeyringPlace> {
    const place = new KeyringPlace(await mkdtemp(join(tmpdir(), 'outrigger-secrets-')));
    for (const name of ['bin', 'keys']) await mkdir(join(place.folder, name));
    if (program !== undefined) await place.install(program);
    return place;
  }

  /** Puts a program in the place of the one before. */
  async install(program: keyof typeof PROGRAMS): Promise<void> {
    const file = join(this.folder, 'bin', 'secret-tool');
    await writeFile(file, `#!/bin/sh\n${PROGRAMS[program]}\n`);
    await chmod(file, 0o755);
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
