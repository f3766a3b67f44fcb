import { expect, test } from 'vitest';
import { isAtLeast, leveledLog, speakerOf } from '../../../host/protocol/log-levels.ts';

test('isAtLeast() compares levels by how bad they are', () => {
  expect([isAtLeast('debug', 'info'), isAtLeast('info', 'info'), isAtLeast('error', 'warn')]).toEqual([false, true, true]);
});

test('speakerOf() names a plugin for its own words only', () => {
  expect(speakerOf({ plugin: 'a', stream: 'stderr' })).toBe('a');
  expect(speakerOf({ plugin: 'a', reason: 'it exited' })).toBeUndefined();
  expect(speakerOf(undefined)).toBeUndefined();
});

test('leveledLog() leaves out what a plugin says below its level, and nothing that the host says about it', () => {
  const passed: string[] = [];
  const write = (message: string): void => void passed.push(message);
  const log = leveledLog({ debug: write, info: write, warn: write, error: write }, (plugin) => (plugin === 'quiet' ? 'error' : undefined));

  log.warn('warning of quiet', { plugin: 'quiet', stream: 'log' });
  log.error('error of quiet', { plugin: 'quiet', stream: 'log' });
  log.info('host about quiet', { plugin: 'quiet' });
  log.debug('debug of other', { plugin: 'other', stream: 'log' });

  expect(passed).toEqual(['error of quiet', 'host about quiet', 'debug of other']);
});
