/** One place in the queue; names its item for `remove()`. */
export interface Place<T> {
  readonly item: T;
  readonly bytes: number;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
  isQueued: boolean;
}

/** First in, first out, bounded in items and bytes. Every operation takes constant time, removal from the middle included. */
export class BoundedQueue<T> {
  size = 0;
  bytes = 0;
  readonly #maxItems: number;
  readonly #maxBytes: number;
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;

  constructor(maxItems: number, maxBytes: number) {
    this.#maxItems = maxItems;
    this.#maxBytes = maxBytes;
  }

  /** Undefined when the queue is full. */
  push(item: T, bytes: number): Place<T> | undefined {
    if (this.size >= this.#maxItems || this.bytes + bytes > this.#maxBytes) return undefined;
    return this.#insert({ item, bytes, before: this.#last, after: undefined, isQueued: true });
  }

  /** Puts back in front what had been taken out, bounds or not. */
  unshift(item: T, bytes: number): Place<T> {
    return this.#insert({ item, bytes, before: undefined, after: this.#first, isQueued: true });
  }

  first(): Place<T> | undefined {
    return this.#first;
  }

  /** False when it had left the queue already. */
  remove(place: Place<T>): boolean {
    if (!place.isQueued) return false;
    place.isQueued = false;
    if (place.before === undefined) this.#first = place.after;
    else place.before.after = place.after;
    if (place.after === undefined) this.#last = place.before;
    else place.after.before = place.before;
    this.size--;
    this.bytes -= place.bytes;
    return true;
  }

  /** What is queued now, in order. */
  places(): Place<T>[] {
    const places: Place<T>[] = [];
    for (let place = this.#first; place !== undefined; place = place.after) places.push(place);
    return places;
  }

  #insert(place: Place<T>): Place<T> {
    if (place.before === undefined) this.#first = place;
    else place.before.after = place;
    if (place.after === undefined) this.#last = place;
    else place.after.before = place;
    this.size++;
    this.bytes += place.bytes;
    return place;
  }
}
