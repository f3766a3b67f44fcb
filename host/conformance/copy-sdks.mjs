// Before `npm pack`: puts the SDKs beside the templates, for `outrigger new` of an installed host; `--remove` takes them away again.
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const templates = `${root}host/conformance/templates`;
const leftOut = /(^|\/)(\.cargo|generate\.\w+|tests?|target|__pycache__|node_modules|[^/]*_test\.go|[^/]*\.tsbuildinfo)$/;
const [wanted = `${templates}/sdks`] = process.argv.slice(2);
const folder = wanted === '--remove' ? `${templates}/sdks` : wanted;

rmSync(folder, { recursive: true, force: true });
if (wanted !== '--remove') {
  for (const file of readdirSync(templates).filter((name) => name.endsWith('.txt'))) {
    const [, lines = ''] = /^=== \[sdk\]\n((?:[^=\n].*\n)*)/m.exec(readFileSync(`${templates}/${file}`, 'utf8')) ?? [];
    for (const [from] of lines
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' '))) {
      cpSync(`${root}${from}`, `${folder}/${from}`, { recursive: true, filter: (path) => !leftOut.test(path.slice(root.length)) });
    }
  }
}
