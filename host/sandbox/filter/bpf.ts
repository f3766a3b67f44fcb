/** One step of a classic BPF program. A `when` whose body does not end in a verdict goes on after it. */
export type Step =
  /** Offset of a 32-bit word in `struct seccomp_data`. */
  | { readonly load: number }
  | { readonly and: number }
  /** A SECCOMP_RET_* value. */
  | { readonly verdict: number }
  | { readonly when: keyof typeof JUMP | 'differs'; readonly value: number; readonly body: readonly Step[] };

interface Instruction {
  readonly code: number;
  /** Instructions to skip when the comparison holds, and when it does not. */
  readonly skipTrue?: number;
  readonly skipFalse?: number;
  readonly value: number;
}

const LOAD_WORD = 0x20;
const AND = 0x54;
const RETURN = 0x06;
const JUMP = { equal: 0x15, atLeast: 0x35, anyBit: 0x45 } as const;
const INSTRUCTION_BYTES = 8;
const MAX_INSTRUCTIONS = 4096;
const MAX_SKIP = 255;

/** The program as the kernel reads it: `struct sock_filter` after `struct sock_filter`, little endian. Pure. */
export function assemble(steps: readonly Step[]): Buffer {
  const program = flatten(steps);
  if (program.length > MAX_INSTRUCTIONS) throw new RangeError(`a BPF program has at most ${MAX_INSTRUCTIONS} instructions`);
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  for (const [index, { code, skipTrue, skipFalse, value }] of program.entries()) {
    const at = index * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(skipTrue ?? 0, at + 2);
    bytes.writeUInt8(skipFalse ?? 0, at + 3);
    bytes.writeUInt32LE(value >>> 0, at + 4);
  }
  return bytes;
}

function flatten(steps: readonly Step[]): Instruction[] {
  return steps.flatMap((step) => {
    if ('load' in step) return [{ code: LOAD_WORD, value: step.load }];
    if ('and' in step) return [{ code: AND, value: step.and }];
    if ('verdict' in step) return [{ code: RETURN, value: step.verdict }];
    const body = flatten(step.body);
    if (body.length > MAX_SKIP) throw new RangeError(`a BPF jump passes at most ${MAX_SKIP} instructions`);
    const jump = step.when === 'differs' ? { code: JUMP.equal, skipTrue: body.length } : { code: JUMP[step.when], skipFalse: body.length };
    return [{ ...jump, value: step.value }, ...body];
  });
}
