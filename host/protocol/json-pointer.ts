/** The keys that a JSON Pointer leads through, from the top; none for the whole value. */
export function keysOf(pointer: string): string[] {
  return pointer.split('/').slice(1).map(unescapeToken);
}

/** The JSON Pointer of what lies under a key. */
export function pointerBelow(pointer: string, key: string): string {
  return `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** One token of a JSON Pointer as the key it stands for. */
export function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
