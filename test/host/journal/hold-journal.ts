/** Has a journal keep what it is told: `hold-journal.ts DATA_DIR COUNT`. Prints the problems, one a line, and at the end how many were lost. */
import { Journal } from '../../../host/journal/journal.ts';

const [dataDir = '', count = ''] = process.argv.slice(2);
const journal = new Journal({ dataDir, settings: undefined, onProblem: (message) => console.log(message) });
for (let number = 1; number <= Number(count); number++) {
  journal.record({ kind: 'audit', message: `${number} ${'x'.repeat(20_000)}` });
  await journal.flush();
}
await journal.close();
console.log(`lost ${journal.lost}`);
