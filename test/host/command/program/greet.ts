import { createHost } from 'outrigger';
import { addFlag, DEFAULT, exit, initiate, type WakeResult } from 'outrigger/command';

class Greeting {
  word = 'hello';
  times = 1;
}

class Greet {
  readonly greeting: Greeting;
  constructor(greeting: Greeting) {
    this.greeting = greeting;
  }
  run(): string {
    return Array(this.greeting.times).fill(this.greeting.word).join(' ');
  }
}

const host = await createHost({ config: { catalogs: ['coma'] } });
const program = initiate({
  host,
  configs: [Greeting],
  hooks: {
    parser_hook: [DEFAULT, addFlag('dry_run', { flags: ['--dry-run'], type: 'boolean', help: 'only say what would run' })],
    pre_run_hook: ({ name, knownArgs }) => {
      if (knownArgs['dry_run'] === true) exit(0, `would run ${name}`);
    },
  },
});
program.register('greet', Greet, { description: 'Greets.' });

const end = await program.wake(process.argv.slice(2));
console.log(textOf(end));
process.exitCode = end.status === 'exited' ? end.exitCode : Number(end.status === 'blocked');
await host.close();

function textOf(result: WakeResult): unknown {
  if (result.status === 'ended') return result.result;
  return result.status === 'exited' ? result.message : result.violation.reason;
}
