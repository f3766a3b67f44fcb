import { install, testLibrary } from '../../test/samples/test-library.ts';

testLibrary(import.meta.dirname, {
  needs: ['pip3', 'python3-pip'],
  install: (folder) => install(folder, 'pip3', 'install', '--quiet', '--target', 'lib', '--requirement', 'requirements.txt'),
});
