import { block, definePlugin, type HookMap } from '@outrigger/sdk';
import { type Command, isSystem, unwrap } from './shell.ts';

const TO_DISK = /(\bof=|>\s*)\/dev\/(sd|hd|vd|xvd|nvme|mmcblk|disk|mapper|dm-|md)/;
const FORK_BOMB = /([\w:.]{1,32})\s*\(\s*\)\s*\{[^}]{0,200}\1\s*\|\s*\1\s*&/;

const sweeps = ({ args, cwd }: Command) =>
  args.some((arg) => /^-[^-]*[rR]/.test(arg) || (arg.length > 2 && '--recursive'.startsWith(arg))) &&
  args.some((arg) => !arg.startsWith('-') && isSystem(arg, cwd));

const RULES: readonly [code: string, reason: string, program: RegExp, breaks: (command: Command) => boolean][] = [
  ['no-preserve-root', 'it removes the whole system', /^rm$/, ({ args }) => args.includes('--no-preserve-root')],
  ['rm-system', 'it removes a system or home folder with all it holds', /^rm$/, sweeps],
  ['chmod-system', 'it changes a whole system or home folder', /^ch(mod|own|grp)$/, sweeps],
  ['disk', 'it writes over a disk', /^dd$|sh$|^su$/, ({ args }) => args.some((arg) => TO_DISK.test(arg))],
  ['mkfs', 'it erases a disk', /^mkfs(\.|$)/, () => true],
  ['fork-bomb', 'it fills the machine with processes', /sh$|^su$/, ({ args }) => args.some((arg) => FORK_BOMB.test(arg))],
];
const globToRegExp = (glob: string) => RegExp(`^${glob.replace(/\W/g, (c) => ({ '*': '.*', '?': '.' })[c] ?? `\\${c}`)}$`, 's');

export const plugin = definePlugin<HookMap, { commands?: string[] }>({
  hooks: {
    'conda.pre_command': ({ command, args, cwd = '/' }, { config }) => {
      for (const found of unwrap([command, ...args], cwd)) {
        const line = [found.program, ...found.args].join(' ');
        const rule = RULES.find(([, , program, breaks]) => program.test(found.program) && breaks(found));
        if (rule) return block(rule[0], `"${line.slice(0, 200)}" is not allowed: ${rule[1]}`);
        const glob = config.commands?.find((entry) => globToRegExp(entry).test(line));
        if (glob) return block('listed', `"${line.slice(0, 200)}" is not allowed: the operator lists "${glob}"`);
      }
    },
  },
});
