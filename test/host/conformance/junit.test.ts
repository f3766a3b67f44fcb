import { expect, test } from 'vitest';
import { junit } from '../../../host/conformance/junit.ts';
import type { Finding, Report } from '../../../host/conformance/types.ts';

const finding: Finding = { id: 'W2', level: 0, text: 'answers "ping"', status: 'pass', durationMs: 1500 };
const report: Report = {
  plugin: 'a<b>&"c"',
  level: 0,
  why: '',
  ok: false,
  passed: 1,
  failed: 1,
  notClaimed: 1,
  durationMs: 2000,
  findings: [
    finding,
    { ...finding, status: 'fail', reason: 'broke \u0000\ud800', exchange: [{ from: 'host', atMs: 1, text: '{"a":"]]>"}' }] },
    { ...finding, status: 'not-claimed', reason: 'above' },
  ],
};

test('junit() writes a suite with a case for each requirement', () => {
  const text = junit(report);

  expect(text).toContain(
    '<testsuite name="outrigger test a&lt;b&gt;&amp;&quot;c&quot;" tests="3" failures="1" errors="0" skipped="1" time="2.000">',
  );
  expect(text.match(/<testcase /g)).toHaveLength(3);
  expect(text).toContain('name="W2 answers &quot;ping&quot;" time="1.500"/>');
  expect(text).toContain('<skipped message="above"/>');
});

test('junit() writes no character that XML cannot hold', () => {
  const text = junit(report);

  expect(text).toContain('<failure message="broke \ufffd\ufffd">1 ms host: {&quot;a&quot;:&quot;]]&gt;&quot;}</failure>');
  expect(text.isWellFormed()).toBe(true);
});
