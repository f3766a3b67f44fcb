/** Replaces the secrets of one fetch by `[secret NAME]`, as they are, as in JSON and as in a URL. */
export class FetchRedaction {
  /** Spelling, in UTF-8 read as Latin-1 so that bytes of any kind can be searched, and its mark. */
  readonly #marks = new Map<string, string>();

  add(name: string, value: string): void {
    for (const spelling of [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed())]) {
      if (spelling !== '') this.#marks.set(Buffer.from(spelling, 'utf8').toString('latin1'), `[secret ${name}]`);
    }
  }

  text(text: string): string {
    return this.#marks.size === 0 ? text : this.bytes(Buffer.from(text, 'utf8')).toString('utf8');
  }

  bytes(bytes: Buffer): Buffer {
    if (this.#marks.size === 0) return bytes;
    let text = bytes.toString('latin1');
    // The longest first: one secret may be a part of another.
    for (const [spelling, mark] of [...this.#marks].sort(([a], [b]) => b.length - a.length)) text = text.replaceAll(spelling, () => mark);
    return Buffer.from(text, 'latin1');
  }
}
