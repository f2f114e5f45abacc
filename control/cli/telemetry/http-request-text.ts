/**
 * A whole HTTP/1.1 request as text, for `--request`. Invariant: what belongs to the connection that it once went over is
 * left out; what cannot be sent as it is, is refused.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112
 */

/** What is sent of it. */
export interface RequestText {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** Where it went once; the agent is called at its own address */
  readonly target: string;
}

/** Of the connection, or made anew from the body (RFC 9110, 7.6.1). */
const droppedHeaders: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const tokenForm = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const methodForm = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/;

/** Takes a request apart; throws a RangeError that says what is wrong with it. */
export function parseRequestText(bytes: Uint8Array): RequestText {
  const text = Buffer.from(bytes).toString("latin1");
  const end = /\r?\n\r?\n/.exec(text);
  const head = (end === null ? text : text.slice(0, end.index)).replace(/\r?\n$/, "");
  const [first = "", ...lines] = head.split(/\r?\n/);
  const [, method, target = ""] = methodForm.exec(first) ?? [];
  if (method === undefined) throw new RangeError("Wanted a first line such as: POST / HTTP/1.1");
  if (method !== "POST") throw new RangeError(`Its method is ${method}: agents are called by POST`);
  const headers = lines.map(parseHeaderLine);
  if (headers.some(([name, value]) => name === "transfer-encoding" && value !== "identity")) {
    throw new RangeError("Its body is in chunks: wanted the body as it is, without chunk sizes");
  }
  const body = end === null ? new Uint8Array() : bytes.subarray(end.index + end[0].length);
  return { target, body, headers: headers.filter(([name]) => !droppedHeaders.has(name)) };
}

/** `Name: value` or `name=value` as a header in lower case; throws a RangeError for what is none. */
export function parseHeaderLine(line: string): readonly [name: string, value: string] {
  const [, name = "", value = ""] = /^([^:=]+)[:=](.*)$/s.exec(line) ?? [];
  if (!tokenForm.test(name.trim())) {
    throw new RangeError('Wanted a header such as "name: value"');
  }
  if (/[\0\r\n]/.test(value)) throw new RangeError("A header has one line");
  return [name.trim().toLowerCase(), value.trim()];
}
