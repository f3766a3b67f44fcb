import { expect, test } from 'vitest';
import { checkOptions } from '../../../host/daemon/check-options.ts';
import { createHost } from '../../../host/daemon/host.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

test('checkOptions() accepts every option there is, and undefined for each', () => {
  const options = {
    config: false,
    cwd: '/',
    env: {},
    catalogs: [],
    services: {},
    noPlugins: true,
    without: ['a'],
    inspectPlugin: 'a',
    frozen: true,
    lockFile: 'outrigger.lock.json',
    log,
  };
  checkOptions({ ...options, onTrace: () => undefined, traceCapacity: 0 });
  checkOptions({ config: {}, log: undefined });
});

test.each([
  [{ config: 5 }, 'CONFIG_INVALID', '"config" must be the path of a file, an object, or false'],
  [{ conifg: false }, 'CONFIG_INVALID', 'it has no option "conifg"; did you mean "config"?'],
  [{ catalogs: [null] }, 'CATALOG_INVALID', '"catalogs" must be a list of catalogs'],
  [{ catalogs: 'conda' }, 'CATALOG_INVALID', '"catalogs" must be a list of catalogs'],
  [{ log: () => undefined }, 'CONFIG_INVALID', '"log" must be an object with the methods debug, info, warn and error'],
  [{ traceCapacity: -1 }, 'CONFIG_INVALID', '"traceCapacity" must be a whole number from 0 to 1000000'],
  [{ frozen: 'yes' }, 'CONFIG_INVALID', '"frozen" must be true or false'],
  [{ lockFile: true }, 'CONFIG_INVALID', '"lockFile" must be the path of a file'],
  [{ without: 'a' }, 'CONFIG_INVALID', '"without" must be a list of plugin names'],
])('checkOptions() refuses %j', (options, code, message) => {
  expect(() => checkOptions(options)).toThrow(expect.objectContaining({ code, message: `Cannot create a host: ${message}` }));
});

test('createHost() checks its options before it looks at any file', async () => {
  await expect(createHost({ config: '/no/such/file', log: 'loud' } as never)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('"log" must be'),
  });
});
