import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testLibrary } from '../../test/samples/test-library.ts';

const LIBRARY = fileURLToPath(new URL('../../node_modules/vscode-jsonrpc', import.meta.url));

testLibrary(import.meta.dirname, {
  needs: ['node', 'nodejs'],
  // The host has it too: nothing to fetch.
  install: async (folder) => cpSync(LIBRARY, join(folder, 'node_modules/vscode-jsonrpc'), { recursive: true }),
  level: 2,
});
