import { lstatSync, readlinkSync } from 'node:fs';
import { isWithin } from '../policy/real-path.ts';

/** One entry of the host's root that programs need: a link into /usr, or a folder of its own. */
export type RootEntry = { readonly path: string; readonly link: string } | { readonly path: string; readonly link: undefined };

const ROOT_ENTRIES = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
let found: readonly RootEntry[] | undefined;

/** How this system arranges programs and libraries beside /usr; read once. */
export function systemLayout(): readonly RootEntry[] {
  found ??= ROOT_ENTRIES.flatMap((path) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return [];
    return [stats.isSymbolicLink() ? { path, link: readlinkSync(path) } : { path, link: undefined }];
  });
  return found;
}

/** True for what every sandbox sees of the system: /usr and the folders of programs and libraries beside it. */
export function isSystemPath(path: string): boolean {
  return ['/usr', ...systemLayout().map((entry) => entry.path)].some((folder) => isWithin(path, folder));
}

/** What is needed of /etc: the loader, certificates, time. Nothing of the host's own accounts, hosts or settings. */
export const ETC_FILES: readonly string[] = [
  ...['/etc/ld.so.cache', '/etc/alternatives', '/etc/localtime', '/etc/mime.types'],
  ...[
    '/etc/ssl/certs',
    '/etc/ssl/cert.pem',
    '/etc/ssl/openssl.cnf',
    '/etc/pki/tls/certs',
    '/etc/pki/ca-trust/extracted',
    '/etc/ca-certificates',
  ],
];

/** Account and name files, made up: looking oneself up works, and no user of the host shows. */
export const MADE_UP_FILES: Readonly<Record<string, string>> = {
  '/etc/passwd': 'plugin:x:1000:1000:plugin:/home/plugin:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  '/etc/group': 'plugin:x:1000:\nnogroup:x:65534:\n',
  '/etc/hosts': '127.0.0.1 localhost plugin\n::1 localhost\n',
  '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};
