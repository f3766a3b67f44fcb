import { plainText } from '../../process/plain-text.ts';
import type { NetDenial } from '../types.ts';

/** Most refusals reported in one second; more are counted, and reported as a number in the next. */
export const MAX_DENIALS_PER_SECOND = 20;

/** Passes refusals on: their texts short and printable, a flood of them as one number. */
export class Denials {
  readonly #tell: (denial: NetDenial) => void;
  #told = 0;
  #dropped = 0;
  #window: NodeJS.Timeout | undefined;

  constructor(tell: (denial: NetDenial) => void) {
    this.#tell = tell;
  }

  add(denial: NetDenial): void {
    this.#window ??= setTimeout(() => this.flush(), 1000).unref();
    if (this.#told >= MAX_DENIALS_PER_SECOND) this.#dropped++;
    else {
      this.#told++;
      this.#tell(tidy(denial));
    }
  }

  /** Reports what was only counted, and starts a new second. */
  flush(): void {
    clearTimeout(this.#window);
    this.#window = undefined;
    const dropped = this.#dropped;
    this.#told = 0;
    this.#dropped = 0;
    if (dropped > 0) this.#tell({ host: '*', reason: `${dropped} more connections were refused within one second` });
  }
}

function tidy({ host, port, reason }: NetDenial): NetDenial {
  const short = { host: line(host), reason: line(reason) };
  return port === undefined ? short : { ...short, port };
}

function line(text: string): string {
  return plainText(text, 256).replace(/[\n\t\u2028\u2029\p{Cf}]/gu, ' ');
}
