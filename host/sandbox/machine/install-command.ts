import { existsSync } from 'node:fs';

export type PackageName = 'bubblewrap' | 'util-linux' | 'perl' | 'podman' | 'python3';

interface PackageTool {
  readonly file: string;
  readonly command: string;
  /** Where a package is called otherwise. */
  readonly names?: Partial<Record<PackageName, string>>;
}

const TOOLS: readonly PackageTool[] = [
  { file: '/usr/bin/apt-get', command: 'apt-get install' },
  { file: '/usr/bin/dnf', command: 'dnf install' },
  { file: '/usr/bin/zypper', command: 'zypper install' },
  { file: '/usr/bin/pacman', command: 'pacman -S', names: { python3: 'python' } },
  { file: '/sbin/apk', command: 'apk add' },
  { file: '/opt/homebrew/bin/brew', command: 'brew install' },
  { file: '/usr/local/bin/brew', command: 'brew install' },
];

/** The command that installs a package on this machine: `sudo apt-get install bubblewrap`. `has` is for tests. */
export function installCommand(name: PackageName, has: (file: string) => boolean = existsSync): string {
  const tool = TOOLS.find(({ file }) => has(file));
  if (tool === undefined) return `install the package "${name}"`;
  const sudo = tool.command.startsWith('brew') || process.getuid?.() === 0 ? '' : 'sudo ';
  return `${sudo}${tool.command} ${tool.names?.[name] ?? name}`;
}
