/** A requirement that was not met; the message is the reason in the report. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
}

/** A requirement that cannot be judged, because the plugin shows nothing of it. */
export class NotClaimed extends Error {
  override readonly name = 'NotClaimed';
}

/** Ends the check unless the condition holds. */
export function must(condition: unknown, why: string): asserts condition {
  if (!condition) throw new CheckFailure(why);
}
