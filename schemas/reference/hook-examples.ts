/** Where a page gets its documents from. */
export interface Sources {
  /** A JSON file of this folder. */
  readonly read: <T>(path: string) => T;
  /** A text file, by its path from this folder; undefined where there is none. */
  readonly textIfAny: (path: string) => string | undefined;
  /** Names of the examples in a folder below `examples/`, without ending. */
  readonly examples: (folder: string) => readonly string[];
}

/** A payload, and each answer there is an example of. */
export function hookExamples(hook: string, { read, examples }: Sources): string[] {
  const payloads = examples(`valid/${hook}`);
  const payload = payloads.find((name) => name !== 'least') ?? payloads[0];
  const answers = examples(`answers/${hook}`).map((name) => read<{ answer: unknown }>(`examples/answers/${hook}/${name}.json`).answer);
  return [
    ...(payload === undefined ? [] : ['For example:', block([read(`examples/valid/${hook}/${payload}.json`)])]),
    ...(answers.length === 0 ? [] : ['Answers, for example:', block(answers)]),
  ];
}

/** One document a line. */
function block(documents: readonly unknown[]): string {
  return ['```json', ...documents.map((document) => JSON.stringify(document)), '```'].join('\n');
}
