/** Forms of what stands in HTTP messages (RFC 9110). Details never repeat the text: it may be a credential. */
import { CREDENTIAL_HEADERS } from "./credential-headers.ts";
import { cel } from "./open-api-constraint.ts";
import type { Constraint } from "./open-api-constraint.ts";
import { invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

/** Headers that belong to one connection or frame the message: no policy may touch them. */
const CONNECTION_HEADERS = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const tokenText = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";

const token = new RegExp(`^${tokenText}$`);

/** What `trim` takes for a blank. */
const blank = "[\\t-\\r\\p{Z}]";

const fieldText = "[^\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f]*";

const ownNames = "host|x-clrk-[^:]*";

const fieldName = {
  pattern: `^${tokenText}$`,
  constraint: { not: { pattern: `^(?i:${ownNames})$` } },
};

const fieldNameKeys = (own: string) => [
  cel(
    `self.all(key, key.matches(r"""^${tokenText}$""") && !key.matches('^(?i:${own})$'))`,
    "keys are header names, none that the gateway writes itself",
  ),
];

/** The name of a header that may be read: not a pseudo header, not `host`, not one that only we set. */
export const headerNameFormat: StringFormat = {
  name: "header-name",
  wanted: 'a header name such as "x-request-id"',
  ...fieldName,
  mapCel: fieldNameKeys(ownNames),
  read: (text) => readHeaderName(text),
};

/** The name of a header that a policy may set or remove: also none that frames the message. */
export const modifiableHeaderNameFormat: StringFormat = {
  name: "modifiable-header-name",
  wanted: 'a header name such as "x-api-key"',
  ...fieldName,
  constraint: { not: { pattern: `^(?i:${ownNames}|${[...CONNECTION_HEADERS].join("|")})$` } },
  read(text) {
    if (CONNECTION_HEADERS.has(text.toLowerCase()))
      return invalid("it belongs to the connection, not to the request");
    return readHeaderName(text);
  },
};

/** The name of a header of a call whose value is kept in the open: also none that holds a credential or belongs to the connection. */
export const callHeaderNameFormat: StringFormat = {
  ...modifiableHeaderNameFormat,
  name: "call-header-name",
  wanted: 'a header name such as "x-user"',
  constraint: {
    not: {
      pattern: `^(?i:${[ownNames, "ce-clrk.*", ...CONNECTION_HEADERS.union(CREDENTIAL_HEADERS)].join("|")})$`,
    },
  },
  read(text) {
    const name = text.toLowerCase();
    if (CREDENTIAL_HEADERS.has(name))
      return invalid("it holds a credential, and what is read here is kept in the open");
    if (name.startsWith("ce-clrk")) return invalid('"ce-clrk" is reserved');
    return modifiableHeaderNameFormat.read(text);
  },
};

/** A whole header value: one line, no control characters but tab, no blanks at either end. */
export const headerValueFormat: StringFormat = {
  name: "header-value",
  wanted: "a header value",
  pattern: `^${fieldText}$`,
  constraint: { not: { pattern: `^${blank}|${blank}$` } },
  read(text) {
    const reading = readFieldText(text);
    if (reading.kind === "invalid") return reading;
    return text.trim() === text ? reading : invalid("blanks at an end, which every receiver drops");
  },
};

/** The beginning of a header value, such as `Bearer `: blanks at its end count. */
export const headerPrefixFormat: StringFormat = {
  name: "header-prefix",
  wanted: 'the beginning of a header value, such as "Bearer "',
  pattern: `^${fieldText}$`,
  read: readFieldText,
};

/** Text for people that may become a header or a line of a log: like a header value. */
export const textLineFormat: StringFormat = {
  ...headerValueFormat,
  name: "text-line",
  wanted: "text in one line",
};

/** A request method in upper case. */
export const methodFormat: StringFormat = {
  name: "http-method",
  wanted: 'an HTTP method in upper case, such as "GET"',
  pattern: "^[A-Z][A-Z0-9_-]*$",
  read: (text) => (/^[A-Z][A-Z0-9_-]*$/.test(text) ? valid(text) : invalid("")),
};

/** The name of a query parameter, written as it stands in the URL, without percent-encoding. */
export const queryParamNameFormat: StringFormat = {
  name: "query-parameter-name",
  wanted: 'a query parameter name such as "key"',
  pattern: "^[A-Za-z0-9._~$-]+$",
  read: (text) => (/^[A-Za-z0-9._~$-]+$/.test(text) ? valid(text) : invalid("")),
};

/** A media type without parameters, in lower case. */
export const mediaTypeFormat: StringFormat = {
  name: "media-type",
  wanted: 'a media type such as "application/json"',
  pattern: `^${tokenText}/${tokenText}$`,
  read(text) {
    const lower = text.toLowerCase();
    const [type = "", subtype = "", ...rest] = lower.split("/");
    if (rest.length === 0 && token.test(type) && token.test(subtype)) return valid(lower);
    return invalid(text.includes(";") ? "parameters are not compared; leave them out" : "");
  },
};

/** The base URL of a service reached over HTTP: no credentials, query or fragment; without the last slash. */
export const httpUrlFormat: StringFormat = {
  name: "http-url",
  wanted: 'an http or https URL such as "https://otlp.example.com:4318"',
  pattern: "^[hH][tT][tT][pP][sS]?://[^\\s/\\\\?#@]+(?:/[^\\s?#]*)?$",
  read(text) {
    if (!URL.canParse(text) || /[\p{Cc} ]/u.test(text)) return invalid("malformed URL");
    const url = new URL(text);
    if (url.protocol !== "https:" && url.protocol !== "http:")
      return invalid("scheme is neither http nor https");
    if (!/^https?:\/\//i.test(text)) return invalid('no "//" after the scheme');
    if (url.username !== "" || url.password !== "")
      return invalid("a URL must not hold credentials");
    if (url.search !== "" || url.hash !== "" || /[?#]/.test(text))
      return invalid("no query and no fragment allowed");
    return valid(url.href.replace(/\/+$/, ""));
  },
};

/** What `findPathMistake` says, for API servers. */
export const pathConstraint: Constraint = {
  pattern: "^/(?:[-A-Za-z0-9/._~!$&'()+,;=:@]|%[0-9A-Fa-f]{2})*$",
  not: { pattern: "//|/\\.\\.?(?:/|$)|%2[fF]" },
};

/**
 * What is wrong with a literal URL path (or its beginning), as Gateway API's HTTPRoute asks: absolute, no empty or
 * dot segments, no encoded slash, no query; undefined when nothing is. Envoy compares paths after removing these.
 */
export function findPathMistake(text: string): string | undefined {
  if (!text.startsWith("/")) return 'it does not begin with "/"';
  if (text.includes("?")) return "a query is not part of the path";
  if (text.includes("#")) return "a fragment is never sent";
  if (text.includes("*")) return '"*" is only special with type "Glob"';
  if (text.includes("//")) return "empty segment";
  if (/\/\.\.?(\/|$)/.test(text)) return 'segment "." or ".."';
  if (/%2f/i.test(text)) return "encoded slash";
  const strange = /[^-A-Za-z0-9/._~!$&'()+,;=:@%]|%(?![0-9A-Fa-f]{2})/u.exec(text);
  return strange === null
    ? undefined
    : `character at position ${strange.index} must be percent-encoded`;
}

function readHeaderName(text: string): Reading<string> {
  const name = text.toLowerCase();
  if (name.startsWith(":"))
    return invalid("pseudo headers are not headers; use hostnames, path or method");
  if (name === "host") return invalid("the host is a matter of hostnames");
  if (name.startsWith("x-clrk-")) return invalid('"x-clrk-" is reserved');
  return token.test(text) ? valid(text) : invalid("");
}

function readFieldText(text: string): Reading<string> {
  const control = /(?!\t)\p{Cc}/u.exec(text);
  if (control === null) return valid(text);
  const what = control[0] === "\n" || control[0] === "\r" ? "line break" : "control character";
  return invalid(`${what} at position ${control.index}`);
}
