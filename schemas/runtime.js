/** The helpers that validators made by ajv call, so that a start does not load ajv. Values are JSON, and may be hostile: nothing of theirs is called. */

/** True for equal JSON values; keys are the object's own, in any order. */
export function equal(a, b) {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

/** Places of the first two equal items; undefined when all differ. One pass, however long the list is. */
export function twins(items) {
  const places = new Map();
  for (let place = 0; place < items.length; place++) {
    const known = identity(items[place]);
    const earlier = places.get(known);
    if (earlier !== undefined) return [earlier, place];
    places.set(known, place);
  }
  return undefined;
}

// The same for equal values only: a text begins with a quotation mark, an object or a list as its JSON does.
function identity(value) {
  if (typeof value === 'string') return `"${value}`;
  return typeof value === 'object' && value !== null ? canonical(value) : value;
}

function canonical(value) {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const fields = Object.keys(value).sort();
  return `{${fields.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`;
}

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
