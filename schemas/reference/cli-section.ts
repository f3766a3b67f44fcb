import { partSection, type Schema } from './field-table.ts';

/** What each command prints with `--json`; the parts are named `Cli…`, so that no heading stands twice on the page. */
export function cliSection(schema: Schema): string {
  const renamed = JSON.stringify(schema).replace(/"#\/\$defs\/(\w+)"/g, (_whole, name: string) => `"#/$defs/${cliName(name)}"`);
  const parts = Object.entries((JSON.parse(renamed) as Schema).$defs ?? {});
  const root = { $defs: Object.fromEntries(parts.map(([name, part]) => [cliName(name), part])) };
  return parts
    .filter(([, part]) => !part.$ref)
    .map(([name, part]) => partSection([cliName(name), part], root, 3))
    .join('\n\n');
}

function cliName(name: string): string {
  return `Cli${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
