/** A shorter secret could be found by sending all that it may be and seeing which of them the host replaces. */
export const SHORTEST_SECRET = 8;

interface Found {
  readonly from: number;
  readonly to: number;
  readonly mark: string;
}

/**
 * Replaces the secrets of one fetch by `[secret NAME]`: as they are, in another case, and in the spellings that servers give back by
 * themselves. A server that takes one apart, or encrypts it, tells the plugin all the same: it must be one that the operator trusts with it.
 */
export class FetchRedaction {
  /** Spelling, in UTF-8 read as Latin-1 so that bytes of any kind can be searched, in small letters, and its mark. */
  readonly #marks = new Map<string, string>();

  add(name: string, value: string): void {
    for (const spelling of spellingsOf(value)) if (spelling !== '') this.#marks.set(small(spelling), `[secret ${name}]`);
  }

  text(text: string): string {
    return this.#marks.size === 0 ? text : this.bytes(Buffer.from(text, 'utf8')).toString('utf8');
  }

  bytes(bytes: Buffer): Buffer {
    const found = this.#marks.size === 0 ? [] : this.#find(bytes);
    if (found.length === 0) return bytes;
    const parts: Buffer[] = [];
    let at = 0;
    for (const { from, to, mark } of found) {
      // Two may overlap: nothing of either is left.
      if (from >= at) parts.push(bytes.subarray(at, from), Buffer.from(mark));
      at = Math.max(at, to);
    }
    return Buffer.concat([...parts, bytes.subarray(at)]);
  }

  /** In order; of those that begin together the longest first, for one secret may be a part of another. */
  #find(bytes: Buffer): Found[] {
    const text = small(bytes.toString('latin1'));
    const found = [...this.#marks].flatMap(([spelling, mark]) => placesOf(spelling, text).map((place) => ({ ...place, mark })));
    return found.sort((a, b) => a.from - b.from || b.to - a.to);
  }
}

/** Those that overlap as one. */
function placesOf(spelling: string, text: string): { from: number; to: number }[] {
  const places: { from: number; to: number }[] = [];
  for (let from = text.indexOf(spelling); from !== -1; from = text.indexOf(spelling, from + 1)) {
    const last = places.at(-1);
    const to = from + spelling.length;
    if (last !== undefined && from < last.to) last.to = to;
    else places.push({ from, to });
  }
  return places;
}

/** ASCII only: the length stays, and so do the places. */
function small(latin1: string): string {
  return latin1.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** As Latin-1. */
function spellingsOf(value: string): Set<string> {
  const bytes = Buffer.from(value, 'utf8');
  const wide = Buffer.from(value, 'utf16le');
  const inUrl = encodeURIComponent(value.toWellFormed());
  const texts = [
    JSON.stringify(value).slice(1, -1),
    inUrl,
    inUrl.replaceAll('%20', '+'),
    inForm(value),
    everyByte(bytes, (hex) => `%${hex}`),
    everyByte(bytes, (hex) => `\\x${hex}`),
    bytes.toString('hex'),
    ...everyCharacter(value),
    ...entities(value),
    ...inBase64(bytes),
  ];
  const latin1 = [bytes, wide, Buffer.from(wide).swap16(), ...texts.map((text) => Buffer.from(text, 'utf8'))];
  return new Set(latin1.map((spelling) => spelling.toString('latin1')));
}

/** As browsers send forms, which leaves other characters alone than a URL does. */
function inForm(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice(1);
}

function everyByte(bytes: Buffer, spell: (hex: string) => string): string {
  return [...bytes].map((byte) => spell(byte.toString(16).padStart(2, '0'))).join('');
}

function everyCharacter(value: string): string[] {
  const codes = Array.from({ length: value.length }, (_, at) => value.charCodeAt(at));
  const decimal = codes.map((code) => `&#${code};`).join('');
  const hex = codes.map((code) => code.toString(16));
  return [decimal, hex.map((code) => `&#x${code};`).join(''), hex.map((code) => `\\u${code.padStart(4, '0')}`).join('')];
}

/** As templates write text into HTML: they differ in which characters, and in how. */
function entities(value: string): string[] {
  const named = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = ['&quot;', '&#34;', '&#x22;'].flatMap((double) =>
    ["'", '&#39;', '&#x27;', '&apos;'].map((single) => named.replaceAll('"', double).replaceAll("'", single)),
  );
  const plus = quoted.flatMap((text) => [text.replaceAll('+', '&#43;'), text.replaceAll('+', '&#x2b;').replaceAll('=', '&#x3d;')]);
  return [named, ...quoted, ...plus];
}

/** Wherever it stands in what was encoded: three ways, without the characters that its neighbours have a part in. */
function inBase64(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const first = Math.ceil((before * 8) / 6);
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    const spellings = [text.slice(first, whole), text.slice(first).replace(/=+$/, '')];
    return [...spellings, ...spellings.map((spelling) => spelling.replaceAll('+', '-').replaceAll('/', '_'))];
  });
}
