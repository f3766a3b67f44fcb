import { type OrderFinding, order } from './order.ts';
import { inManifest, type Registration, type Surroundings } from './register-plugin.ts';
import type { Problem } from './types.ts';

/** Tries the order of every hook point. A plugin whose before/after close a circle becomes broken; other findings are reported. */
export async function checkOrder(registrations: readonly Registration[], around: Surroundings): Promise<Registration[]> {
  const known = new Set(['default', ...registrations.map(({ plugin }) => plugin.name)]);
  const byHook = Map.groupBy(
    registrations.flatMap(({ subscriptions }) => subscriptions),
    ({ hook }) => hook,
  );
  const findings: OrderFinding[] = [];
  const circular = new Map<string, string>();
  for (const [hook, subscriptions] of byHook) {
    const { highFirst = false, tiesByName = false } = around.hooks.get(hook) ?? {};
    const tried = order(subscriptions, { highFirst, tiesByName, known });
    findings.push(...tried.findings);
    for (const { subscription, reason } of tried.left) circular.set(subscription.plugin, `${reason} (${hook})`);
  }
  if (findings.length === 0) return [...registrations];
  return Promise.all(
    registrations.map(async (registration): Promise<Registration> => {
      const { plugin } = registration;
      const mine = findings.filter(({ subscription }) => subscription.plugin === plugin.name);
      const found = await Promise.all(mine.map((finding) => problemOf(finding, registration, around)));
      // One wish in the config counts for every hook point, and is one mistake.
      const problems = new Map(found.map((problem) => [`${problem.pointer} ${problem.message}`, problem]));
      const judged = { ...plugin, problems: [...plugin.problems, ...problems.values()] };
      const reason = circular.get(plugin.name);
      if (reason === undefined) return { ...registration, plugin: judged };
      return { ...registration, plugin: { ...judged, state: 'broken', reason }, subscriptions: [] };
    }),
  );
}

/** Points at the file in which the wish was made. */
async function problemOf(finding: OrderFinding, { candidate }: Registration, { config }: Surroundings): Promise<Problem> {
  const { severity, subscription, word, message } = finding;
  const { plugin, hook, sources } = subscription;
  const ofConfig: Readonly<Record<string, string>> = {
    config: `/plugins/${plugin}/${word}`,
    'config for this hook': `/plugins/${plugin}/hooks/${hook}/${word}`,
  };
  const pointer = ofConfig[sources[word] ?? ''];
  if (pointer !== undefined) return { severity, plugin, ...(await config.place(pointer)), message };
  return { ...(await inManifest(candidate.loaded, `/hooks/${hook}/${word}`, message)), severity, plugin };
}
