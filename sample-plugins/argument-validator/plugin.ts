import { block, definePlugin, type HookMap, modify } from '@outrigger/sdk';

type Config = { tool: string; argument: string; characters: string; action: 'block' | 'strip' };

export const plugin = definePlugin<HookMap, Config>({
  hooks: {
    'mellea.tool_pre_invoke': ({ model_tool_call: call, tool_args }, { config: { tool, argument, characters, action } }) => {
      if (call.name !== tool) return;
      const isAllowed = (character: string) => characters.includes(character);
      const stripped: Record<string, object> = {};
      // The arguments may stand twice; neither can hide the other.
      for (const [place, args] of [['model_tool_call', call.args] as const, ['tool_args', tool_args] as const]) {
        const given = args?.[argument];
        if (given === undefined || typeof given === 'number') continue;
        const text = typeof given === 'string' ? given : '';
        const kept = [...text].filter(isAllowed).join('');
        if (kept === given) continue;
        if (action === 'block' || typeof given !== 'string') return unsafe(argument, text, characters);
        stripped[place] = place === 'tool_args' ? { [argument]: kept } : { args: { [argument]: kept } };
      }
      if (Object.keys(stripped).length > 0) return modify(stripped);
    },
  },
});

function unsafe(argument: string, text: string, characters: string) {
  const found = [...new Set(text)].filter((character) => !characters.includes(character)).slice(0, 20);
  const reason = text === '' ? `"${argument}" is no text` : `"${argument}" has characters that are not allowed: ${found.join(' ')}`;
  return block('UNSAFE_EXPRESSION', reason, { details: { argument, found } });
}
