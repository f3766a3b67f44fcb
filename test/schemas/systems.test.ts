import { type Catalog, catalogs, type HookPoint } from '@outrigger/schemas';
import { expect, test } from 'vitest';
import { loadCatalogs } from '../../host/registry/load-catalogs.ts';
import { readJson } from './every-schema.ts';
import { SHIPPED, SPECIFIED } from './mellea-hooks.ts';

const catalog = (name: string): Catalog => catalogs[name] as Catalog;
const point = (full: string): HookPoint => {
  const [name = '', hook = ''] = full.split('.');
  return catalog(name).hooks[hook] as HookPoint;
};
const namesOf = (name: string): string[] => Object.keys(catalog(name).hooks);
const fieldsOf = ({ payload }: HookPoint): string[] => Object.keys((payload as { properties: object }).properties);
const topFields = ({ writable = [] }: HookPoint): string[] => writable.map((pointer) => pointer.split('/')[1] ?? '');

const CONDA_HOOKSPECS = [
  ...['conda_solvers', 'conda_subcommands', 'conda_virtual_packages', 'conda_pre_commands', 'conda_post_commands', 'conda_auth_handlers'],
  ...['conda_health_checks', 'conda_pre_solves', 'conda_post_solves', 'conda_settings', 'conda_reporter_backends', 'conda_session_headers'],
  ...['conda_request_headers', 'conda_pre_transaction_actions', 'conda_post_transaction_actions', 'conda_prefix_data_loaders'],
  ...[
    'conda_environment_specifiers',
    'conda_environment_exporters',
    'conda_package_extractors',
    'conda_exception_observers',
    'conda_error_hints',
  ],
];

test('conda: each of the 21 hook specifications is a hook point, or left out with a reason', () => {
  const { hooks, leftOut = {} } = catalog('conda');
  const found = new Set(Object.values(hooks).map(({ origin }) => origin));

  expect(CONDA_HOOKSPECS).toHaveLength(21);
  expect([...found, ...Object.keys(leftOut)].sort()).toEqual([...CONDA_HOOKSPECS].sort());
  expect(Object.keys(leftOut).filter((name) => found.has(name))).toEqual([]);
  expect(namesOf('conda')).toEqual(expect.arrayContaining(['pre_command', 'post_command', 'on_exception']));
});

test('conda: each action of a transaction has its four steps, and only those before its end can block', () => {
  for (const when of ['pre', 'post']) {
    const steps = ['verify', 'execute', 'reverse', 'cleanup'].map((step) => [step, point(`conda.${when}_transaction_${step}`)] as const);

    expect(steps.map(([step, { allows = [] }]) => [step, allows])).toEqual([
      ['verify', ['block']],
      ['execute', ['block']],
      ['reverse', []],
      ['cleanup', []],
    ]);
    expect(steps.filter(([, { reversed }]) => reversed).map(([step]) => step)).toEqual(['reverse']);
  }
});

test('conda: a plugin cannot add a header that belongs to the connection', () => {
  const names =
    'Host host cookie content-length transfer-encoding te origin set-cookie proxy-authorization sec-fetch-mode x-method-override';

  for (const hook of ['session_headers', 'request_headers']) {
    const { propertyNames } = (point(`conda.${hook}`).payload as { properties: { headers: { propertyNames: { pattern: string } } } })
      .properties.headers;
    const isAllowed = (name: string) => new RegExp(propertyNames.pattern, 'u').test(name);

    expect(names.split(' ').filter(isAllowed)).toEqual([]);
    expect(['authorization', 'x-team', 'hostname', 'x-te'].filter(isAllowed)).toEqual(['authorization', 'x-team', 'hostname', 'x-te']);
  }
});

test('coma: the ten slots, each with what its handlers may change or give', () => {
  const rules = namesOf('coma').map((slot) => {
    const { allows = [], writable = [] } = point(`coma.${slot}`);
    return [slot, allows.includes('replace'), writable];
  });

  expect(rules).toEqual([
    ['parser_hook', false, ['/flags']],
    ['pre_config_hook', true, ['/known_args', '/unknown_args']],
    ['config_hook', true, ['/known_args', '/unknown_args']],
    ['post_config_hook', true, ['/configs', '/unknown_args']],
    ['pre_init_hook', true, ['/configs']],
    ['init_hook', true, ['/configs']],
    ['post_init_hook', true, ['/command/fields']],
    ['pre_run_hook', true, ['/command/fields']],
    ['run_hook', true, ['/command/fields']],
    ['post_run_hook', true, ['/result']],
  ]);
});

const PYCOMEX_PLUGIN_HOOKS = [
  ...['after_plugins_loaded', 'plugin_registered', 'plugin_registered__named', 'cli_register_commands', 'before_experiment_parameters'],
  ...['experiment_constructed', 'before_experiment_initialize', 'after_experiment_initialize', 'after_experiment_finalize'],
  ...['before_experiment_error', 'experiment_commit_fig', 'experiment_commit_json', 'experiment_commit_raw', 'experiment_track'],
];
const PYCOMEX_EXPERIMENT_HOOKS = ['before_testing', '__TESTING__', 'before_run', 'after_run'];
const PYCOMEX_OPTUNA_HOOKS = ['__optuna_parameters__', '__optuna_objective__', '__optuna_sampler__', '__optuna_direction__'];

test('pycomex: 14 hooks for plugins, 4 of an experiment, 4 of optuna, one for all that experiments name, one to run commands', () => {
  const listed = [...PYCOMEX_PLUGIN_HOOKS, ...PYCOMEX_EXPERIMENT_HOOKS, ...PYCOMEX_OPTUNA_HOOKS, 'experiment_hook', 'run_command'];

  expect(PYCOMEX_PLUGIN_HOOKS).toHaveLength(14);
  expect(namesOf('pycomex').sort()).toEqual(listed.sort());
});

test('pycomex: StopHook is `replace` everywhere, with a value where the caller reads one', () => {
  for (const hook of namesOf('pycomex')) expect(point(`pycomex.${hook}`).allows, hook).toContain('replace');
  for (const hook of [...PYCOMEX_EXPERIMENT_HOOKS, ...PYCOMEX_OPTUNA_HOOKS, 'experiment_hook']) {
    expect(topFields(point(`pycomex.${hook}`)), hook).toContain('result');
  }
});

test('mellea: the 27 hooks of the specification and the 10 that shipped beyond it', () => {
  const beyond = Object.keys(SHIPPED).filter((hook) => !(hook in SPECIFIED));

  expect(Object.keys(SPECIFIED)).toHaveLength(27);
  expect(Object.keys(SHIPPED)).toHaveLength(27);
  expect(beyond).toHaveLength(10);
  expect(namesOf('mellea').sort()).toEqual([...Object.keys(SPECIFIED), ...beyond].sort());
});

test.each(namesOf('mellea'))('mellea.%s has the fields and the writable fields of specification and release', (hook) => {
  const rules = point(`mellea.${hook}`);
  const sources = [SPECIFIED[hook], SHIPPED[hook]].filter((source) => source !== undefined);
  const expected = new Set(sources.flatMap(({ writable }) => writable));

  expect(fieldsOf(rules)).toEqual(expect.arrayContaining(sources.flatMap(({ fields }) => [...fields])));
  expect(topFields(rules).sort()).toEqual([...expected].sort());
});

test('mellea: every payload has the common fields, and the host fills in the ids', () => {
  for (const hook of namesOf('mellea')) {
    const rules = point(`mellea.${hook}`);
    const ids = fieldsOf(rules).filter((field) => /^(generation|sampling|tool_invocation|validation|streaming|action)_id$/.test(field));

    expect(fieldsOf(rules), hook).toEqual(expect.arrayContaining(['session_id', 'request_id', 'timestamp', 'hook', 'user_metadata']));
    expect(rules.fill, hook).toMatchObject({ session_id: 'session', request_id: 'operation', timestamp: 'time', hook: 'hook' });
    for (const id of ids) expect(rules.fill?.[id], `${hook} ${id}`).toBe('operation');
  }
});

test('a hook that was released with other fields than specified has version 2 of its payload', () => {
  const changed = Object.keys(SHIPPED).filter((hook) => hook in SPECIFIED);

  for (const hook of namesOf('mellea')) expect(point(`mellea.${hook}`).version, hook).toBe(changed.includes(hook) ? 2 : 1);
});

test('order is the catalog’s: conda by name, pycomex high numbers first, the others as everywhere', async () => {
  const { hooks } = await loadCatalogs({ names: ['coma', 'conda', 'mellea', 'pycomex'] });
  const rules = [...hooks.values()].map(({ catalog, highFirst, tiesByName }) => `${catalog} ${highFirst} ${tiesByName}`);

  expect([...new Set(rules)].sort()).toEqual(['coma false false', 'conda false true', 'mellea false false', 'pycomex true false']);
});

test('catalog.json says the same order', () => {
  expect(readJson<Catalog>('catalogs/pycomex/catalog.json').order).toEqual({ priority: 'high-first', ties: 'configuration' });
});
