import { definePlugin, type HookMap } from '@outrigger/sdk';

type Failure = HookMap['conda.on_exception']['payload'];

/** The innermost calls come last. */
const MAX_TRACE_LINES = 20;

const HINTS: readonly (readonly [cause: RegExp, hint: string])[] = [
  [/command not found|ENOENT|exit 127\b/, 'Is the program installed, spelled right, and on the PATH?'],
  [/permission denied|EACCES|EPERM|exit 126\b/i, 'May this user read, write or execute the file? Is it executable?'],
  [/no space left|ENOSPC|quota exceeded/i, 'The disk is full: `df -h` shows which one.'],
  [/address already in use|EADDRINUSE/i, 'Another process listens on the port: `ss -ltnp` shows which.'],
  [
    /could not resolve|ENOTFOUND|EAI_AGAIN|name or service not known/i,
    'The host name was not found: check the network, the proxy and the spelling.',
  ],
  [/connection refused|ECONNREFUSED/i, 'Nothing answers there: does the server run?'],
  [/timed? ?out|ETIMEDOUT/i, 'No answer in time: try again, or raise the limit.'],
  [/certificate/i, 'The certificate was refused: check the clock, the proxy and the installed CAs.'],
  [/out of memory|heap limit|MemoryError|SIGKILL|exit 137\b/i, 'It may have run out of memory: `dmesg` tells.'],
  [/SIGSEGV|segmentation fault|exit 139\b/i, 'The program itself crashed: is a newer version out?'],
  [
    /ModuleNotFoundError|Cannot find module|ERR_MODULE_NOT_FOUND/,
    'A module is missing: is the right environment active, are dependencies installed?',
  ],
  [/SIGINT|exit 130\b/, 'It was interrupted by Ctrl-C.'],
];

function howItEnded({ signal, exitCode, message }: Failure): string {
  if (signal !== undefined) return `ended by ${signal}`;
  return exitCode === undefined ? message : `exit ${exitCode}`;
}

export const plugin = definePlugin({
  hooks: {
    'conda.on_exception': (failure, { context, log }) => {
      const stderr = (failure.stderr ?? []).slice(-10);
      const ended = howItEnded(failure);
      const evidence = [...failure.errorClasses, failure.message, ended, ...stderr].join('\n');
      const hints = HINTS.filter(([cause]) => cause.test(evidence)).map(([, hint]) => hint);
      const seconds = failure.durationMs === undefined ? '' : ` after ${(failure.durationMs / 1000).toFixed(1)} s`;
      const trace = failure.traceback?.trimEnd().split('\n').slice(-MAX_TRACE_LINES) ?? [];
      log.error(
        [
          `${failure.command} failed: ${ended}${seconds}`,
          `  command    ${[failure.command, ...failure.args].join(' ')}`,
          `  folder     ${failure.cwd ?? 'unknown'}`,
          `  time       ${context.time}`,
          ...stderr.map((line, i) => `  ${i === 0 ? 'last words' : '          '} ${line}`),
          ...trace.map((line, i) => `  ${i === 0 ? 'trace     ' : '          '} ${line}`),
          ...hints.map((hint) => `  hint       ${hint}`),
        ].join('\n'),
      );
      return { metadata: { ended, hints } };
    },
  },
});
