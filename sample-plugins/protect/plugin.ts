import { block, definePlugin, type HookMap } from '@outrigger/sdk';
import { type Command, isSystem, unwrap } from './shell.ts';

const sweeps = ({ args, cwd }: Command) =>
  args.some((arg) => /^-[^-]*[rR]/.test(arg) || (arg.length > 2 && '--recursive'.startsWith(arg))) &&
  args.some((arg) => arg === '--no-preserve-root' || (!arg.startsWith('-') && isSystem(arg, cwd)));

const RULES: readonly [code: string, reason: string, program: RegExp][] = [
  ['rm-system', 'it removes a system or home folder with all it holds', /^rm$/],
  ['chmod-system', 'it changes a whole system or home folder', /^ch(mod|own|grp)$/],
];
const globToRegExp = (glob: string) => RegExp(`^${glob.replace(/\W/g, (c) => ({ '*': '.*', '?': '.' })[c] ?? `\\${c}`)}$`, 's');

export const plugin = definePlugin<HookMap, { commands?: string[] }>({
  hooks: {
    'conda.pre_command': ({ command, args, cwd = '/' }, { config }) => {
      for (const found of unwrap([command, ...args], cwd)) {
        const line = [found.program, ...found.args].join(' ');
        const rule = RULES.find(([, , program]) => program.test(found.program) && sweeps(found));
        if (rule) return block(rule[0], `"${line.slice(0, 200)}" is not allowed: ${rule[1]}`);
        const glob = config.commands?.find((entry) => globToRegExp(entry).test(line));
        if (glob) return block('listed', `"${line.slice(0, 200)}" is not allowed: the operator lists "${glob}"`);
      }
    },
  },
});
