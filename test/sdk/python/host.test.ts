import { expectOwnTests, testWithPython } from './python.ts';

testWithPython('the Python SDK passes its own tests of applications', { timeout: 300_000 }, () =>
  expectOwnTests((name) => name.startsWith('test_host'), 40),
);
