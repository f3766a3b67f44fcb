/** One language's template: the files of a plugin, and named parts that go into them. */
export interface Template {
  readonly files: ReadonlyMap<string, string>;
  /** `handler`, `handler HOOK`, `sdk`, `debug`. */
  readonly parts: ReadonlyMap<string, string>;
}

const HEAD = /^=== (.+)$/m;
const INDENTED = /\{\{(\w+)([^{}]*)\}\}/g;

/** Reads `=== path` and `=== [part]` sections. */
export function readTemplate(text: string): Template {
  const files = new Map<string, string>();
  const parts = new Map<string, string>();
  const [, ...pieces] = text.split(HEAD);
  for (let at = 0; at < pieces.length; at += 2) {
    const name = pieces[at] ?? '';
    const body = (pieces[at + 1] ?? '').replace(/^\n/, '');
    const part = /^\[(.+)\]$/.exec(name)?.[1];
    if (part === undefined) files.set(name, body);
    else parts.set(part, body);
  }
  return { files, parts };
}

/** Puts values into `{{name}}`; what stands behind the name goes before each line of the value. */
export function fillTemplate(text: string, values: Readonly<Record<string, string>>): string {
  const filled = text.replace(INDENTED, (_, name: string, before: string) =>
    (values[name] ?? '')
      .split('\n')
      .map((line) => `${before}${line}`.trimEnd())
      .join('\n'),
  );
  return filled.replace(/\n{4,}/g, '\n\n\n');
}
