/** The two helpers ajv's standalone validators need, so that a start does not load ajv. */
export { default as equal } from 'fast-deep-equal';

/** Length of a string in code points, as JSON Schema counts it. */
export function ucs2length(text) {
  let length = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdbff && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      length--;
      i++;
    }
  }
  return length;
}
