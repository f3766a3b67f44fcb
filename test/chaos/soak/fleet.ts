import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program, Programs } from './programs.ts';

/** One plugin of the soak. */
export interface Member {
  readonly name: string;
  readonly program: Program;
  readonly hook: 'soak.step' | 'soak.lookup' | 'soak.note';
  readonly mode: 'sequential' | 'transform' | 'audit' | 'concurrent' | 'fire_and_forget';
  /** `fail`: the event is blocked when this plugin fails. Default `ignore`. */
  readonly onFailure?: 'fail';
  /** Gets every event, whatever happens. */
  readonly isSure?: true;
  /** Answers with a change. */
  readonly modifies?: true;
}

const STEP = { hook: 'soak.step' } as const;
const LOOKUP = { hook: 'soak.lookup' } as const;
/** What must not lose an event. */
const SURE = { hook: 'soak.note', mode: 'fire_and_forget', isSure: true } as const;

/** In an order in which the first few are of every kind. */
const MEMBERS: readonly Member[] = [
  { name: 'ts-step', program: 'typescript', ...STEP, mode: 'sequential', modifies: true },
  { name: 'perl-note', program: 'perl', ...SURE },
  { name: 'py-lookup', program: 'python', ...LOOKUP, mode: 'sequential' },
  { name: 'bash-tell', program: 'bash', ...STEP, mode: 'fire_and_forget' },
  { name: 'ts-note', program: 'typescript', ...SURE },
  { name: 'perl-audit', program: 'perl', ...STEP, mode: 'audit' },
  { name: 'go-step', program: 'go', ...STEP, mode: 'sequential', onFailure: 'fail' },
  { name: 'rust-step', program: 'rust', ...STEP, mode: 'sequential' },
  { name: 'go-note', program: 'go', ...SURE },
  { name: 'rust-guard', program: 'rust', ...STEP, mode: 'concurrent' },
  { name: 'py-step', program: 'python', ...STEP, mode: 'transform', modifies: true },
  { name: 'py-note', program: 'python', ...SURE },
  { name: 'perl-step', program: 'perl', ...STEP, mode: 'sequential' },
  { name: 'bash-step', program: 'bash', ...STEP, mode: 'sequential' },
  { name: 'ts-guard', program: 'typescript', ...STEP, mode: 'concurrent' },
  { name: 'ts-lookup', program: 'typescript', ...LOOKUP, mode: 'sequential' },
  { name: 'go-lookup', program: 'go', ...LOOKUP, mode: 'sequential' },
  { name: 'rust-lookup', program: 'rust', ...LOOKUP, mode: 'audit' },
  { name: 'go-tell', program: 'go', ...LOOKUP, mode: 'fire_and_forget' },
  { name: 'py-tell', program: 'python', ...LOOKUP, mode: 'fire_and_forget' },
];

/** The first plugins, as many as wanted, of those whose language is here. */
export function fleet(count: number, programs: Programs): Member[] {
  return MEMBERS.filter(({ program }) => programs[program] !== undefined).slice(0, count);
}

export interface Ground {
  readonly folder: string;
  /** In the environment of every process of this soak. */
  readonly mark: string;
  readonly programs: Programs;
}

/** Where a plugin writes down what it was asked. Not in its own folder: that is watched. */
export function ledgerOf(folder: string, { name }: Member): string {
  return join(folder, 'ledgers', name);
}

/** Writes a plugin's folder; `into` is another place for it. */
export function placePlugin({ folder, mark, programs }: Ground, member: Member, into: string = join(folder, 'plugins', member.name)): void {
  const { name, program, hook, mode, isSure, onFailure = 'ignore', modifies } = member;
  mkdirSync(into, { recursive: true });
  const manifest = {
    ...{ name, version: '1.0.0' },
    runtime: {
      ...programs[program]?.place(into),
      env: {
        ...{ SOAK_LEDGER: ledgerOf(folder, member), SOAK_MARK: mark },
        ...programs[program]?.env,
        ...(modifies === undefined ? {} : { SOAK_MODIFIES: '1' }),
      },
    },
    hooks: { [hook]: { mode, ...(isSure ? { delivery: 'at-least-once' } : { onFailure }) } },
    concurrency: program === 'perl' || program === 'bash' ? 1 : 16,
  };
  writeFileSync(join(into, 'plugin.json'), JSON.stringify(manifest, undefined, 2));
}

const PAYLOAD = {
  type: 'object',
  properties: { client: { type: 'string' }, n: { type: 'integer' }, mark: { type: 'string' } },
  required: ['client', 'n'],
  additionalProperties: false,
};
const TIMES = { timeoutMs: 3000, budgetMs: 15_000 };

/** The hook points of the soak. */
export function placeCatalog(folder: string): void {
  const rules = { payload: PAYLOAD, allows: ['modify', 'block'], writable: ['/mark'], ...TIMES };
  const hooks = {
    step: { ...rules, description: 'Something is done that must not be done twice.', ordered: true },
    lookup: { ...rules, description: 'Something is asked, and may be asked again.', idempotent: true },
    note: { payload: PAYLOAD, description: 'Something has happened that must not be missed.', ...TIMES },
  };
  mkdirSync(join(folder, 'catalog'), { recursive: true });
  writeFileSync(join(folder, 'catalog', 'catalog.json'), JSON.stringify({ name: 'soak', hooks }));
}
