import { expect, test } from 'vitest';
import { DevSession } from '../../../host/conformance/dev-session.ts';
import { commandTarget } from '../../../host/conformance/make-target.ts';
import type { Target } from '../../../host/conformance/types.ts';

test('close() while the plugin is built starts nothing', async () => {
  const building = Promise.withResolvers<void>();
  const built = Promise.withResolvers<Target>();
  const started: (number | undefined)[] = [];
  const session = new DevSession({
    makeTarget: () => {
      building.resolve();
      return built.promise;
    },
    tell: () => {},
    onProblem: () => {},
    onStart: (_target, pid) => started.push(pid),
  });
  const restart = session.restart();
  await building.promise;

  const closed = session.close();
  built.resolve(await commandTarget(['node', '-e', ''], { cwd: process.cwd(), env: process.env, cacheDir: '/nonexistent' }));
  await Promise.all([restart, closed]);

  expect(started).toEqual([]);
});
