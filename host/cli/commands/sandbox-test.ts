import { LAYERS } from '../../sandbox/attacks/attack-layers.ts';
import { categoryScores } from '../../sandbox/attacks/attack-report.ts';
import { knownGap, nameOf } from '../../sandbox/attacks/attack-scores.ts';
import type { AttackResult, Verdict } from '../../sandbox/attacks/attack-verdict.ts';
import { runSandboxTest, type SandboxTestOptions, type SandboxTestResult } from '../../sandbox/attacks/sandbox-test.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { printable } from '../print/printable.ts';
import { type Cell, table } from '../print/table.ts';
import { UsageError } from '../usage-error.ts';

const TONES = { ALLOWED: 'bad', DENIED: 'good', SKIPPED: 'faint', 'NO ANSWER': 'warn' } as const satisfies Record<Verdict, string>;

/** `outrigger sandbox-test`: 1 when a promised layer is missing, or more gets through than is known. */
export async function sandboxTest(context: CliContext, options: Record<string, unknown>): Promise<number | NodeJS.Signals> {
  const interrupt = new AbortController();
  let signalled: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    signalled = signal;
    interrupt.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, onSignal);
  try {
    const result = await runSandboxTest(readOptions(options, interrupt.signal));
    const ok = result.failures.length === 0;
    context.answer({ ok, ...summaryOf(result), ...result }, () => reportText(result, context));
    return ok ? EXIT.done : EXIT.failed;
  } catch (error) {
    // Everything is taken away by now.
    if (signalled !== undefined) return signalled;
    throw error;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, onSignal);
  }
}

/** The driver is one of those that the command line admits. */
function readOptions(options: Record<string, unknown>, signal: AbortSignal): SandboxTestOptions {
  const driver = options['driver'] as SandboxTestOptions['driver'];
  const only = options['only'];
  const language = options['language'];
  return {
    driver,
    // Whoever names a partial driver here wants to know what it leaves open.
    settings: {
      ...(driver === 'landlock' ? { allowPartial: true } : {}),
      ...(options['image'] ? { image: String(options['image']) } : {}),
    },
    bombs: options['bombs'] === true,
    only: only === undefined ? undefined : String(only),
    languages: language === 'python' || language === 'javascript' ? [language] : ['python', 'javascript'],
    expect: readLayers((options['expect'] as string[] | undefined) ?? []),
    signal,
  };
}

function readLayers(names: string[]): string[] {
  const unknown = names.find((name) => !LAYERS.includes(name));
  if (unknown !== undefined) throw new UsageError(`Cannot expect the layer "${unknown}": it is one of ${LAYERS.join(', ')}`);
  return names;
}

function summaryOf({ results, ground }: SandboxTestResult): Record<string, unknown> {
  const ran = results.filter(({ verdict }) => verdict !== 'SKIPPED');
  const allowed = ran.filter(({ verdict }) => verdict === 'ALLOWED');
  const known = [...new Set(allowed.flatMap((result) => knownGap(result, ground)?.means ?? []))];
  return { attacks: ran.length, gotThrough: allowed.length, categories: categoryScores(results), means: known };
}

function reportText(result: SandboxTestResult, context: CliContext): string {
  const { results, ground, failures } = result;
  const ran = results.filter(({ verdict }) => verdict !== 'SKIPPED').length;
  const allowed = results.filter(({ verdict }) => verdict === 'ALLOWED');
  const { means } = summaryOf(result) as { means: string[] };
  const layers = ground.layers.filter(({ engaged }) => engaged).map(({ name }) => name);
  return [
    attackTable(results, context),
    '',
    scoreTable(results, context),
    '',
    `Driver ${ground.driver} ${ground.version}, host run by ${ground.isRoot ? 'root' : 'an ordinary user'}, limits: ${ground.limits} (${ground.limiter})`,
    `Layers engaged: ${layers.join(', ') || 'none'}`,
    context.paint(allowed.length === 0 ? 'good' : 'warn', `${ran} attacks, ${allowed.length} got through`),
    ...means.map((text) => `  known: ${text}`),
    ...failures.map((text) => context.paint('bad', `  failed: ${printable(text)}`)),
  ].join('\n');
}

function attackTable(results: readonly AttackResult[], context: CliContext): string {
  const rows = results.map((result): Cell[] => [
    { text: result.verdict, tone: TONES[result.verdict] },
    { text: nameOf(result), tone: 'name' },
    { text: printable(result.verdict === 'DENIED' ? result.about : `${result.about}: ${result.detail}`) },
  ]);
  return table([{ title: '' }, { title: 'attack' }, { title: 'what it does' }], rows, context);
}

function scoreTable(results: readonly AttackResult[], context: CliContext): string {
  const rows = categoryScores(results).map(({ category, attacks, denied, allowed, skipped, silent }): Cell[] => [
    { text: category, tone: 'name' },
    { text: String(attacks) },
    { text: String(denied) },
    { text: String(allowed), tone: allowed > 0 ? 'bad' : 'plain' },
    { text: String(skipped) },
    { text: String(silent), tone: silent > 0 ? 'warn' : 'plain' },
  ]);
  const numbers = ['attacks', 'denied', 'allowed', 'skipped', 'no answer'].map((title) => ({ title, align: 'right' as const }));
  return table([{ title: 'category' }, ...numbers], rows, context);
}
