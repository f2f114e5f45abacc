/**
 * Credentials in the query of a request: whatever the agent sent under the same name is taken out, in any spelling, and
 * ours stands there once. All else keeps its bytes, because signatures and caches depend on them.
 */

import { byteOfDigits, encodeComponent } from "./credentials/uri-encoding.ts";

/** One parameter to write, both unescaped. */
export interface QueryCredential {
  readonly parameter: string;
  readonly value: string;
}

const ampersand = 0x26;
const semicolon = 0x3b;
const percent = 0x25;
const plus = 0x2b;

/**
 * The target (path and query as on the wire) with the credentials at the end of its query; of several for one parameter
 * the last counts. Names are compared unescaped and in any case, since there are servers that do, and `;` separates too.
 * A fragment is dropped. A target that is no path, such as `*`, can carry no query and comes back as it is.
 */
export function injectQuery(path: string, credentials: readonly QueryCredential[]): string {
  if (!path.startsWith("/")) return path;
  const target = before(path, "#");
  const mark = target.indexOf("?");
  if (credentials.length === 0) return target;
  const names = credentials.map(({ parameter }) => parameter.toLowerCase());
  let query = mark < 0 ? "" : removeParameters(target.slice(mark + 1), names);
  for (const [index, { parameter, value }] of credentials.entries()) {
    if (names.lastIndexOf(parameter.toLowerCase()) !== index) continue;
    const separator = query === "" || query.endsWith("&") ? "" : "&";
    query += `${separator}${encodeComponent(parameter)}=${encodeComponent(value)}`;
  }
  return `${mark < 0 ? target : target.slice(0, mark)}?${query}`;
}

/** Takes out each parameter with the separator before it, or after it at the beginning. */
function removeParameters(query: string, names: readonly string[]): string {
  let kept = "";
  let keptFrom = 0;
  let start = 0;
  for (let at = 0; at <= query.length; at++) {
    if (at < query.length && !isSeparator(query.charCodeAt(at))) continue;
    if (isNamed(query.slice(start, at), names)) {
      kept += query.slice(keptFrom, Math.max(start - 1, keptFrom));
      keptFrom = kept === "" ? Math.min(at + 1, query.length) : at;
    }
    start = at + 1;
  }
  return kept === "" && keptFrom === 0 ? query : kept + query.slice(keptFrom);
}

function isNamed(parameter: string, names: readonly string[]): boolean {
  if (parameter === "") return false;
  const name = decodeForm(before(parameter, "=")).toLowerCase();
  return names.includes(name);
}

/** Form decoding: `+` is a blank, an escape that is none stands for itself, bytes that are no UTF-8 become U+FFFD. */
function decodeForm(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  const source = Buffer.from(text);
  const bytes = Buffer.allocUnsafe(source.length);
  let length = 0;
  for (let at = 0; at < source.length; at++) {
    const byte = source[at] ?? 0;
    const escaped = byte === percent ? byteOfDigits(source[at + 1] ?? 0, source[at + 2] ?? 0) : -1;
    bytes[length++] = escaped >= 0 ? escaped : byte === plus ? 0x20 : byte;
    if (escaped >= 0) at += 2;
  }
  return bytes.toString("utf8", 0, length);
}

function isSeparator(code: number): boolean {
  return code === ampersand || code === semicolon;
}

function before(text: string, mark: string): string {
  const at = text.indexOf(mark);
  return at < 0 ? text : text.slice(0, at);
}
