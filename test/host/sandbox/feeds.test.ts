import { expect, test } from 'vitest';
import { launch } from '../../../host/process/launch.ts';
import { writeFeeds } from '../../../host/sandbox/feeds.ts';
import { textOf } from '../../support/confined.ts';

test('writeFeeds() writes each feed on its descriptor, in their order from 3, and ends it; the pipe after them stays open', async () => {
  const pipes = [Buffer.from('one'), Buffer.from('two'), undefined];
  const spec = { plugin: 'test', command: '/bin/sh', args: ['-c', 'cat <&4; cat <&3; echo told >&5'], cwd: '/', env: {}, pipes };
  const child = launch(spec);

  const said = Promise.all([textOf(child.stdout), textOf(child.pipes[2] as AsyncIterable<Buffer>), child.exited]);

  writeFeeds(child, spec);

  expect(await said).toEqual(['twoone', 'told\n', { code: 0 }]);
});
