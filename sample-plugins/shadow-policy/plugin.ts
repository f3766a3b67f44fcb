import { block, definePlugin, type HandlerContext, type HookMap } from '@outrigger/sdk';

type Config = { words: string[] };

/** Judges a payload of any hook point; what becomes of the verdict is the mode's business. */
function judge(payload: object, { config, hook }: HandlerContext<Config>) {
  const text = textsIn(payload).join('\n').toLowerCase();
  const word = config.words.find((one) => text.includes(one.toLowerCase()));
  if (word !== undefined) return block('AUDIT_001', `The policy would not allow "${word}" in ${hook}`, { details: { word } });
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

export const plugin = definePlugin<HookMap, Config>({
  hooks: { 'mellea.component_pre_execute': judge, 'mellea.generation_pre_call': judge, 'mellea.tool_pre_invoke': judge },
});
