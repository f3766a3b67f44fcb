import { definePlugin, modify } from '@outrigger/sdk';

interface BenchHooks {
  'bench.event': { payload: { id: string; items: { n: number; text: string }[] }; replace: never };
}

const ANSWERS = {
  none: () => undefined,
  echo: (payload: object) => ({ metadata: { payload } }),
  modify: () => modify({ id: 'changed' }),
};
const answer = ANSWERS[(process.env['BENCH_ANSWER'] ?? 'none') as keyof typeof ANSWERS];

export const plugin = definePlugin<BenchHooks>({ hooks: { 'bench.event': (payload) => answer(payload) } });
