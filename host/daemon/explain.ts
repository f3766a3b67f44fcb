import type { Plan } from '../dispatcher/plan.ts';
import type { Core } from './core.ts';
import type { Explanation } from './types.ts';

/** The plan in words: who stands where and why, and who does not stand there and why not. */
export function explain(core: Core, plan: Plan): Explanation {
  const why = new Map(plan.ordered.map((line) => [line.subscription, line]));
  const stages = [...plan.stages, plan.background]
    .map((stage) => stage.flatMap((participant) => why.get(participant.subscription) ?? []))
    .filter((stage) => stage.length > 0);
  const left = [
    ...plan.disabled.map(({ subscription }) => ({
      plugin: subscription.plugin,
      reason: `mode disabled, from ${subscription.sources['mode'] ?? 'its manifest'}`,
    })),
    ...plan.left.map(({ subscription, reason }) => ({ plugin: subscription.plugin, reason })),
  ];
  for (const plugin of core.registry.plugins.values()) {
    const hears = plugin.manifest === undefined || Object.hasOwn(plugin.manifest.hooks, plan.hook.name);
    if (plugin.state !== 'enabled' && hears) left.push({ plugin: plugin.name, reason: plugin.reason ?? plugin.state });
  }
  const placed = new Set([...plan.ordered, ...plan.left, ...plan.disabled].map(({ subscription }) => subscription));
  for (const subscription of core.registry.subscriptions.get(plan.hook.name) ?? []) {
    if (!placed.has(subscription))
      left.push({ plugin: subscription.plugin, reason: 'only sessions and blocks that name it use it (scope: session)' });
  }
  return { hook: plan.hook.name, description: plan.hook.description, stages, left };
}
