import type { JSX } from 'preact';
import type { PlanPicture } from '../daemon/http/types.ts';
import { visible } from './format.tsx';

/** The order of each hook point from left to right: a box is a stage, those inside it run together. */
export function Plans({ plans }: { readonly plans: readonly PlanPicture[] }): JSX.Element {
  return (
    <section aria-labelledby="plans-title">
      <h2 id="plans-title">Hook plans</h2>
      {plans.length === 0 && <p class="empty">No plugin hears any hook point.</p>}
      {plans.map((plan) => (
        <Plan key={plan.hook} plan={plan} />
      ))}
    </section>
  );
}

function Plan({ plan: { hook, stages, left } }: { readonly plan: PlanPicture }): JSX.Element {
  return (
    <details class="plan" data-hook={hook}>
      <summary>
        <h3>{visible(hook)}</h3>
        <ol class="stages" aria-label={`Stages of ${hook}`}>
          {stages.map(({ mode, plugins }, place) => (
            // Stages have no names: their place is what they are.
            <li key={`${place} ${mode}`} class={`stage ${mode}`}>
              <span class="mode">{mode.replaceAll('_', ' ')}</span>
              {plugins.map(({ plugin, priority }) => (
                <span class="box" key={plugin}>
                  {visible(plugin)} <small>{priority}</small>
                </span>
              ))}
            </li>
          ))}
        </ol>
      </summary>
      <ul class="reasons">
        {stages.flatMap(({ plugins }) =>
          plugins.map(({ plugin, why }) => (
            <li key={plugin}>
              <strong>{visible(plugin)}</strong>: {visible(why.join('; ')) || 'its turn'}
            </li>
          )),
        )}
        {left.map(({ plugin, reason }) => (
          <li key={`left ${plugin} ${reason}`} class="faint">
            <strong>{visible(plugin)}</strong> is left out: {visible(reason)}
          </li>
        ))}
      </ul>
    </details>
  );
}
