// The verdict on a run of all tests, and on the second run of the files that failed in it, if there was one.
import { existsSync, readFileSync } from 'node:fs';

const [first, second] = process.argv.slice(2).map((path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined));
const files = new Map();
for (const file of [...(first?.testResults ?? []), ...(second?.testResults ?? [])]) {
  if (files.get(file.name)?.status === 'failed' && file.status === 'passed') console.error(`Passed only when run alone: ${file.name}`);
  files.set(file.name, file);
}
const tests = [...files.values()].flatMap(({ assertionResults }) => assertionResults);
const count = (wanted) => tests.filter(({ status }) => status === wanted).length;
const [passed, failed] = [count('passed'), count('failed')];
const broken = [...files.values()].filter(({ status }) => status !== 'passed').length;
const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
// What this machine cannot show says so in its title.
const wrong = skipped.filter(({ title }) => !title.includes('[not here: '));
for (const { fullName } of skipped) console.error(`Not run: ${fullName}`);
if (wrong.length > 0) console.error(`${wrong.length} tests were skipped that must run here`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(passed > 0 && failed === 0 && broken === 0 && wrong.length === 0 ? 0 : 1);
