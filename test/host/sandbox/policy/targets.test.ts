import { describe, expect, test } from 'vitest';
import { whyNoTarget } from '../../../../host/sandbox/policy/targets.ts';

const why = (target: string, more: { source?: string; write?: boolean } = {}): string | undefined =>
  whyNoTarget({ target, source: target, write: false, ...more });

describe('whyNoTarget()', () => {
  test.each([
    '/',
    '/home',
    '/tmp',
    '/plugin',
    '/plugin/x',
    '/data',
    '/data/x',
    '/cache',
    '/home/plugin',
    '/home/plugin/x',
    '/node_modules/x',
  ])('refuses %s, which is the sandbox’s own', (target) => {
    expect(why(target)).toBeDefined();
    expect(why(target, { write: true })).toBeDefined();
  });

  test.each(['/etc/passwd', '/etc/ssl', '/etc/ssl/certs', '/etc/hosts', '/etc'])('refuses %s, which the sandbox makes itself', (target) => {
    expect(why(target)).toBeDefined();
  });

  test('takes folders below /tmp, in homes and elsewhere', () => {
    for (const target of ['/tmp/x', '/tmp/x/y', '/home/someone/project', '/home/plugins', '/srv', '/root/x', '/database']) {
      expect(why(target, { write: true }), target).toBeUndefined();
    }
  });

  test('takes single files of /etc to read, none to write', () => {
    expect(why('/etc/hostname')).toBeUndefined();
    expect(why('/etc/hostname', { write: true })).toContain('only to read');
  });

  test('takes what is below /usr to read, without links', () => {
    expect(why('/usr/share/dict')).toBeUndefined();
    expect(why('/usr/share/dict', { source: '/srv/dict' })).toContain('grant that');
    expect(why('/usr/share/dict', { write: true })).toContain('never written');
  });
});
