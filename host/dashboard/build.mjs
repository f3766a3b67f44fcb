/** Bundles the page into `host/dist/dashboard`. Each file is put there in one step, so that nobody reads half of one. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = fileURLToPath(new URL('../dist/dashboard/', import.meta.url));

const { outputFiles } = await build({
  entryPoints: [`${here}page.tsx`, `${here}page.css`, `${here}index.html`],
  loader: { '.html': 'copy' },
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'inline',
  write: false,
  outdir: out,
  logLevel: 'warning',
});
mkdirSync(out, { recursive: true });
for (const { path, contents } of outputFiles) {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, contents);
  renameSync(temporary, `${out}${basename(path)}`);
}
