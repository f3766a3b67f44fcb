import { definePlugin, type HookMap, modify, replace } from '@outrigger/sdk';

type Run = HookMap['coma.pre_run_hook']['payload'];

const FLAG = { flags: ['--dry-run'], type: 'boolean', default: false, help: 'Print what would run, and end' } as const;

function describe({ name, command, configs, unknown_args }: Run): string {
  const parts = Object.entries({ ...configs, ...(command.fields && { instance: command.fields }) });
  const plan = parts.map(([id, value]) => `  ${id}: ${JSON.stringify(value, undefined, 2).replaceAll('\n', '\n  ')}\n`);
  const rest = unknown_args.length === 0 ? '' : `  other arguments: ${unknown_args.join(' ')}\n`;
  return `Dry run: "${name}" would run ${command.kind} ${command.target}\n${plan.join('')}${rest}`;
}

export const plugin = definePlugin({
  hooks: {
    // A program that has a flag of this name keeps its own.
    'coma.parser_hook': ({ flags }) => ('dry_run' in flags ? {} : modify({ flags: { dry_run: FLAG } })),
    'coma.pre_run_hook': (run) => (run.known_args['dry_run'] === true ? replace({ exit_code: 0, message: describe(run) }) : {}),
  },
});
