import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PolicyInput } from '../../host/sandbox/policy/policy.ts';

/** A folder with a home, a workspace and a plugin in it; all of it is gone after `remove()`. */
export interface SandboxPlaces {
  readonly root: string;
  readonly home: string;
  readonly workspace: string;
  readonly directory: string;
  /** Makes a file, and the folders to it; the path it has. */
  file(path: string): string;
  folder(path: string): string;
  input(granted: PolicyInput['granted'], more?: Partial<PolicyInput>): PolicyInput;
  remove(): void;
}

export function sandboxPlaces(): SandboxPlaces {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'outrigger-policy-')));
  const at = (path: string): string => join(root, path);
  const folder = (path: string): string => {
    mkdirSync(at(path), { recursive: true });
    return at(path);
  };
  const file = (path: string): string => {
    folder(dirname(path));
    writeFileSync(at(path), 'text');
    return at(path);
  };
  const [home, workspace, directory, dataDir, cacheDir] = ['home', 'work', 'plugin', 'host/data', 'host/cache'].map(folder) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const input: SandboxPlaces['input'] = (granted, more = {}) => ({
    plugin: 'sample',
    directory,
    hash: undefined,
    granted,
    limits: undefined,
    settings: undefined,
    places: { workspace, config: workspace, dataDir, cacheDir, home },
    ...more,
  });
  return { root, home, workspace, directory, file, folder, input, remove: () => rmSync(root, { recursive: true, force: true }) };
}
