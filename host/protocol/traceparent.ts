/** Of W3C trace context: version, trace, parent, flags. Versions after 00 may go on behind them. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?=$|-)/;
const LENGTH = 55;
/** What a later version may append is handed on, up to here. */
const MAX_LENGTH = 512;

/** The text, when it is trace context; the specification wants any other to be ignored. */
export function validTraceparent(text: string | undefined): string | undefined {
  if (text === undefined || text.length > MAX_LENGTH || !TRACEPARENT.test(text)) return undefined;
  return text.startsWith('00-') && text.length !== LENGTH ? undefined : text;
}
