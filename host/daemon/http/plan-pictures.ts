import type { AnyHost } from '../clients/types.ts';
import type { PlanPicture } from './types.ts';

/** The order of every hook point that somebody hears, or was to hear. */
export function planPictures(host: AnyHost): PlanPicture[] {
  return host.hooks().flatMap(({ name, subscribers }) => {
    if (subscribers.length === 0) return [];
    const { stages, left } = host.explain(name);
    const pictured = stages.map((stage) => ({
      mode: stage[0]?.subscription.mode ?? 'sequential',
      plugins: stage.map(({ subscription: { plugin, priority }, why }) => ({ plugin, priority, why: [...why] })),
    }));
    return [{ hook: name, stages: pictured, left: left.map(({ plugin, reason }) => ({ plugin, reason })) }];
  });
}
