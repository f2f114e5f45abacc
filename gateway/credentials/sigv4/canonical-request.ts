/**
 * The canonical request of AWS Signature Version 4: the one text in which signer and service must agree. Pure text in,
 * text out (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, step 1).
 */

import { encodePath, normalizeComponent, normalizePath } from "../uri-encoding.ts";

/** One header: its name in lower case, its value as it is sent. */
export type HeaderEntry = readonly [name: string, value: string];

/** How a service writes the path before it compares; both are independent of each other. */
export interface PathRule {
  /** Dot segments are resolved and empty segments removed */
  readonly isNormalized: boolean;
  /** What is on the wire is escaped once more, `%` too; otherwise its escapes are only written in the normal way */
  readonly isEncodedAgain: boolean;
}

/** Parts that are already canonical. */
export interface CanonicalParts {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: CanonicalHeaders;
  /** SHA-256 of the body in lower-case hex */
  readonly payloadHash: string;
}

/** Headers in the form that is signed. */
export interface CanonicalHeaders {
  /** One line for each name, each with its line end */
  readonly lines: string;
  /** Names joined by `;` */
  readonly names: string;
}

/** The text whose hash is signed. */
export function canonicalRequest(parts: CanonicalParts): string {
  const { method, path, query, headers, payloadHash } = parts;
  return `${method}\n${path}\n${query}\n${headers.lines}\n${headers.names}\n${payloadHash}`;
}

/** The path (without its query) as the service compares it; an empty one is `/`. */
export function canonicalPath(path: string, rule: PathRule): string {
  if (path === "" || path === "/") return "/";
  const resolved = rule.isNormalized ? resolveSegments(path) : path;
  return rule.isEncodedAgain ? encodePath(resolved) : normalizePath(resolved);
}

/**
 * The query (without `?`) with its parameters in normal encoding, sorted by name, then by value. A name without `=` has an
 * empty value; nothing between two `&` is no parameter. A `+` means itself, as in RFC 3986, and never a blank.
 */
export function canonicalQuery(query: string): string {
  if (query === "") return "";
  const parameters: (readonly [name: string, value: string])[] = [];
  for (const parameter of query.split("&")) {
    if (parameter === "") continue;
    const equals = parameter.indexOf("=");
    const end = equals < 0 ? parameter.length : equals;
    const value = parameter.slice(end + 1);
    parameters.push([normalizeComponent(parameter.slice(0, end)), normalizeComponent(value)]);
  }
  return parameters.sort(compareEntries).map(joinParameter).join("&");
}

/**
 * The headers sorted by name; equal names are joined by commas in their order. Blanks and line ends around a value are
 * dropped and those inside are one blank, so that no value can pass for a line of its own.
 */
export function canonicalHeaders(headers: readonly HeaderEntry[]): CanonicalHeaders {
  const sorted = headers.toSorted(compareNames);
  let lines = "";
  let names = "";
  let last: string | undefined;
  for (const [name, value] of sorted) {
    if (name === last) {
      lines = `${lines.slice(0, -1)},${canonicalValue(value)}\n`;
      continue;
    }
    lines += `${name}:${canonicalValue(value)}\n`;
    names += last === undefined ? name : `;${name}`;
    last = name;
  }
  return { lines, names };
}

/** All of it is ASCII by now, where the order of UTF-16 units is the order of bytes that the standard wants. */
function compareEntries(a: HeaderEntry, b: HeaderEntry): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  if (a[1] === b[1]) return 0;
  return a[1] < b[1] ? -1 : 1;
}

function compareNames(a: HeaderEntry, b: HeaderEntry): number {
  if (a[0] === b[0]) return 0;
  return a[0] < b[0] ? -1 : 1;
}

function joinParameter([name, value]: readonly [name: string, value: string]): string {
  return `${name}=${value}`;
}

function canonicalValue(value: string): string {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code > 0x20) continue;
    // A single blank between words, the commonest case, is canonical as it is.
    const isLone = at > 0 && value.charCodeAt(at + 1) > 0x20;
    if (code !== 0x20 || !isLone) return value.trim().replace(/[\t\n\r ]+/g, " ");
  }
  return value;
}

/** RFC 3986 §5.2.4, and runs of slashes become one, as services other than S3 want it. */
function resolveSegments(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const isDirectory = path.endsWith("/") && kept.length > 0;
  return `/${kept.join("/")}${isDirectory ? "/" : ""}`;
}
