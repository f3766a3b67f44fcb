import { expect } from 'vitest';
import { inspectMachine } from '../../../../host/sandbox/machine/inspect-machine.ts';
import { testWith } from '../../../support/needs.ts';

const test = testWith('bwrap', 'bubblewrap');

test('inspectMachine() sees bubblewrap hold here, and which driver would be chosen', async () => {
  const { layers, choice } = await inspectMachine(undefined);
  expect(choice).toMatchObject({ driver: { name: 'bubblewrap' } });
  const named = new Map(layers.map((layer) => [layer.name, layer]));
  expect(named.get('driver bubblewrap')).toMatchObject({
    state: expect.stringMatching(/^(on|partial)$/),
    message: expect.stringContaining('netAllow'),
  });
  expect(named.get('plugins with an allow-list')).toMatchObject({ state: 'on', message: 'confined by bubblewrap' });
  for (const name of ['namespaces', 'seccomp', 'limits', 'prlimit', 'driver landlock', 'driver gvisor', 'driver container'])
    expect([...named.keys()]).toContain(name);
  for (const { state, fix, name } of layers) if (state === 'off') expect(fix, name).toMatch(/./);
});

test('inspectMachine() says that no driver is chosen when the named one is not there', async () => {
  const { layers, choice } = await inspectMachine({ driver: 'seatbelt' });
  expect(choice.driver).toBeUndefined();
  expect(layers.find(({ name }) => name === 'plugins without network')).toMatchObject({
    state: 'off',
    message: expect.stringContaining('seatbelt'),
  });
  expect(layers.find(({ name }) => name === 'driver bubblewrap')).toMatchObject({ isOptional: true });
});
