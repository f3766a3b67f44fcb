import { buildPlugin } from '../../host/conformance/build-plugin.ts';
import { testLibrary } from '../../test/samples/test-library.ts';

testLibrary(import.meta.dirname, {
  needs: ['cargo', 'cargo'],
  install: async (folder) => {
    await buildPlugin(folder, process.env);
  },
  // Its ids are 32-bit integers, as those of LSP; and it answers one message at a time.
  unmet: ['W6', 'H3'],
});
