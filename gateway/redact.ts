/**
 * What may leave in telemetry: removes secrets from URLs and headers before a record is made, by the name of a
 * parameter and by the shape of a value. Linear in the input, and never throws, whatever an agent sends.
 */
import { REDACTED_HEADERS } from "./headers.ts";
import { isHighEntropy, isKeyShaped } from "./key-shape.ts";
import { redactedText } from "./secret-value.ts";

// Parameter names, lower-case and without separators, whose values are secrets whatever they look like.
const secretNames: ReadonlySet<string> = new Set([
  "key",
  "apikey",
  "token",
  "accesstoken",
  "refreshtoken",
  "idtoken",
  "authtoken",
  "sessiontoken",
  "auth",
  "authorization",
  "bearer",
  "jwt",
  "sig",
  "signature",
  "hmac",
  "sign",
  "code",
  "codeverifier",
  "otp",
  "pin",
  "secret",
  "password",
  "passwd",
  "passphrase",
  "pass",
  "pwd",
  "credential",
  "credentials",
  "session",
  "sessionid",
  "sid",
  "sas",
  "assertion",
  "clientassertion",
  "samlresponse",
  "samlrequest",
  "ticket",
  "awsaccesskeyid",
  "googleaccessid",
]);

// The same with a prefix in front: client_secret, x-amz-signature, X-Goog-Credential, github_token.
const secretSuffixes: readonly string[] = [
  "apikey",
  "accesskey",
  "secretkey",
  "privatekey",
  "subscriptionkey",
  "token",
  "secret",
  "signature",
  "credential",
  "credentials",
  "password",
  "passphrase",
];

const longestName = 64;

/** A request target taken apart, safe to record. */
export interface RedactedTarget {
  /** Path without its query, key-shaped segments replaced */
  readonly path: string;
  /** Query without its `?`, secret values replaced; empty when there is none */
  readonly query: string;
}

/**
 * Splits a request target (`/v1/chat?key=…`) at its query and redacts both; a fragment is removed. `parameters` are further
 * names whose values are secret, lower case.
 */
export function redactTarget(target: string, parameters: readonly string[] = []): RedactedTarget {
  const end = indexOrEnd(target, "#");
  const start = indexOrEnd(target, "?");
  if (start >= end) return { path: redactPath(target.slice(0, end)), query: "" };
  return {
    path: redactPath(target.slice(0, start)),
    query: redactQuery(target.slice(start + 1, end), parameters),
  };
}

/**
 * The query (without `?`) with secret values replaced by `[redacted]`; all else keeps its bytes. A value is secret by its
 * parameter's name, by its shape, or because it is a URL or a query that itself holds a secret. `parameters` are further
 * names whose values are secret, lower case.
 */
export function redactQuery(query: string, parameters: readonly string[] = []): string {
  return redactParameters(query, { depth: 0, parameters });
}

/** How far inside a parameter a query stands, and by which names besides the known ones it is judged. */
interface QueryScope {
  readonly depth: number;
  readonly parameters: readonly string[];
}

/** The path with every segment that has the shape of a known key replaced; ids and digests stay. */
export function redactPath(path: string): string {
  if (path.length < 16) return path;
  const segments = path.split("/");
  let changed = false;
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index] ?? "";
    if (segment.length < 16 || !isKeyShaped(decodePercent(segment))) continue;
    segments[index] = redactedText;
    changed = true;
  }
  return changed ? segments.join("/") : path;
}

/** The URL with user information, secret query values and key-shaped segments replaced, without its fragment; any text is taken. */
export function redactUrl(url: string, parameters: readonly string[] = []): string {
  const scheme = /^(?:[a-z][a-z0-9+.-]{0,31}:)?\/\//i.exec(url)?.[0] ?? "";
  const rest = url.slice(scheme.length);
  const mark = rest.search(/[/?#]/);
  const end = mark < 0 ? rest.length : mark;
  const { path, query } = redactTarget(rest.slice(end), parameters);
  return `${scheme}${redactAuthority(rest.slice(0, end))}${path}${query && `?${query}`}`;
}

/** The authority with user information (`user:password@`) replaced. */
export function redactAuthority(authority: string): string {
  const at = authority.lastIndexOf("@");
  return at < 0 ? authority : `${redactedText}${authority.slice(at)}`;
}

/** Whether the header's value must not be recorded; `injected` are the headers that hold a credential of ours, lower-case. */
export function isRedactedHeader(name: string, injected?: ReadonlySet<string>): boolean {
  const lower = name.toLowerCase();
  return REDACTED_HEADERS.has(lower) || injected?.has(lower) === true;
}

/** A header's value as it may be recorded: `[redacted]` for a secret header or a value of a known key's shape. */
export function redactHeader(name: string, value: string, injected?: ReadonlySet<string>): string {
  if (isRedactedHeader(name, injected) || isKeyShaped(value)) return redactedText;
  return value;
}

/** Whether a parameter of this name holds a secret, judged by the name alone; percent-escapes, case and separators do not matter. */
export function isSecretName(name: string): boolean {
  if (name.length > longestName * 3) return false;
  const plain = decodePercent(name)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");
  if (plain.length > longestName) return false;
  return secretNames.has(plain) || secretSuffixes.some((suffix) => plain.endsWith(suffix));
}

// Walks the query once. Both `&` and `;` separate, because some servers split at `;` too.
function redactParameters(query: string, scope: QueryScope): string {
  let redacted = "";
  let start = 0;
  for (let at = 0; at <= query.length; at++) {
    const code = at === query.length ? 0x26 : query.charCodeAt(at);
    if (code !== 0x26 && code !== 0x3b) continue;
    redacted += redactParameter(query.slice(start, at), scope);
    if (at < query.length) redacted += query[at];
    start = at + 1;
  }
  return redacted;
}

function redactParameter(parameter: string, scope: QueryScope): string {
  if (parameter === "") return "";
  const equals = parameter.indexOf("=");
  if (equals < 0) return isSecretText(parameter, scope) ? redactedText : parameter;
  const name = parameter.slice(0, equals);
  const value = parameter.slice(equals + 1);
  const shownName = isSecretText(name, scope) ? redactedText : name;
  const isNamed = isSecretName(name) || isListed(name, scope.parameters);
  if (value === "" || !(isNamed || isSecretText(value, scope))) return `${shownName}=${value}`;
  return `${shownName}=${redactedText}`;
}

function isListed(name: string, parameters: readonly string[]): boolean {
  return parameters.length > 0 && parameters.includes(decodePercent(name).toLowerCase());
}

function isSecretText(text: string, scope: QueryScope): boolean {
  if (text.length < 8) return false;
  const plain = decodePercent(text);
  if (isKeyShaped(plain) || isHighEntropy(plain)) return true;
  return scope.depth < 2 && holdsSecret(plain, scope);
}

// A parameter may itself be a URL (`redirect_uri=https://u:p@x/?token=…`): it is replaced whole when anything in it is secret.
function holdsSecret(text: string, scope: QueryScope): boolean {
  const scheme = text.indexOf("://");
  if (scheme >= 0) {
    const at = text.indexOf("@", scheme);
    const path = text.indexOf("/", scheme + 3);
    if (at >= 0 && (path < 0 || at < path)) return true;
  }
  const mark = text.search(/[?#]/);
  if (mark < 0 && !text.includes("=")) return false;
  const nested = text.slice(mark + 1).replaceAll("#", "&");
  return redactParameters(nested, { ...scope, depth: scope.depth + 1 }) !== nested;
}

function decodePercent(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // malformed escapes or bytes that are not UTF-8: decode what can be, as Latin-1, so that hiding a name behind one bad escape fails
    return spaced.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
}

function indexOrEnd(text: string, mark: string): number {
  const at = text.indexOf(mark);
  return at < 0 ? text.length : at;
}
