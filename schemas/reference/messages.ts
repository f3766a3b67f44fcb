import { fieldTable, partSection, type Schema, SHARED } from './field-table.ts';

export interface Method {
  readonly name: string;
  readonly direction: string;
  readonly kind: string;
  readonly level: number;
  readonly params: string;
  readonly result?: string;
  readonly permission?: string;
  readonly description: string;
}

/** One row a method. */
export function methodTable(methods: readonly Method[]): string {
  const rows = methods.map(({ name, direction, kind, level, permission = '', description }) => {
    const needs = permission && `\`${permission}\``;
    return `| [\`${name}\`](#${anchor(name)}) | ${direction.replace('→', ' → ')} | ${kind} | ${level} | ${needs} | ${description} |`;
  });
  return ['| method | direction | kind | level | permission | |', '|---|---|---|---|---|---|', ...rows].join('\n');
}

/** A heading a method with the fields of its parameters and its result, then the parts they share. */
export function messageSections(methods: readonly Method[], schema: (path: string) => Schema): string {
  const load = (name: string) => schema(`protocol/${name}`);
  const sections = methods.map((method) => {
    const lines = [
      `### \`${method.name}\``,
      '',
      `${method.description} ${method.kind === 'request' ? 'Request' : 'Notification'}, ${words(method.direction)}.`,
    ];
    lines.push('', ...half('Parameters', method.params, load(method.params)));
    if (method.result === 'answer') lines.push('', 'Result: an [Answer](#answers).');
    else if (method.result) lines.push('', ...half('Result', method.result, load(method.result)));
    return lines.join('\n');
  });
  return [...sections, '### Shared parts', ...sharedParts(methods, load)].join('\n\n');
}

function half(what: string, name: string, schema: Schema): string[] {
  if (name === 'empty') return [`${what}: \`{}\`, \`null\` or nothing.`];
  return [`${what} (\`protocol/${name}.schema.json\`): ${schema.description}`, '', fieldTable(schema)];
}

function sharedParts(methods: readonly Method[], load: (name: string) => Schema): string[] {
  const found = new Map<string, { part: Schema; root: Schema }>();
  for (const name of methods.flatMap(({ params, result }) => (result ? [params, result] : [params]))) {
    const root = load(name);
    for (const [partName, part] of Object.entries(root.$defs ?? {})) found.set(partName, { part, root });
  }
  return SHARED.flatMap((name) => {
    const at = found.get(name);
    return at ? [partSection([name, at.part], at.root, 4)] : [];
  });
}

/** As GitHub makes anchors of headings. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^a-z0-9_ -]/g, '')
    .replaceAll(' ', '-');
}

function words(direction: string): string {
  return direction === 'both' ? 'either way' : direction.replace('→', ' to ');
}
