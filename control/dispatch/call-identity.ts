/**
 * On whose behalf a call is: what the extractors of its TaskAgent find in it. Whoever may call the agent says so, and is
 * believed as far as that; what is missing, could be read in two ways or contradicts itself refuses the call.
 */
import type { AgentIdentity } from "../../crds/agent-identity.ts";
import { parseArgumentPath } from "../../crds/argument-path.ts";
import type { BodyValue } from "../../gateway/body-values.ts";
import { findBodyValues } from "../../gateway/body-values.ts";

/** The values that were found, by field; empty where nothing is extracted. */
export type CallIdentity = ReadonlyMap<string, string>;

/** Where a call may say it. */
export interface IdentitySources {
  /** Each header with all values that were sent, names in lower case */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  /** Absent: there is none, or nobody asked for it */
  readonly body?: Buffer;
}

/** What was found. */
export type IdentityReading =
  | { readonly kind: "read"; readonly identity: CallIdentity }
  /** `message`: clause for the caller; it holds no value */
  | { readonly kind: "refused"; readonly message: string };

/** The identity of calls that extract none. */
export const noIdentity: CallIdentity = new Map();

/** Longest value: with its field it is one of an invocation's audiences, of 253 characters. */
const longestValue = 189;

/** Longest header with all fields, in bytes; receivers take 16 KiB of headers. */
const longestHeader = 4_096;

/** Whether the body has to be there as a whole before the identity can be read. */
export function readsBody({ extractors }: AgentIdentity): boolean {
  return extractors.some(({ body }) => body !== undefined);
}

/** Reads all extractors. A field that nothing says is refused, unless it `mayBeMissing`. */
export function readIdentity(
  { extractors }: AgentIdentity,
  sources: IdentitySources,
  options: { readonly mayBeMissing: boolean },
): IdentityReading {
  const found = new Map<string, string>();
  const bodyValues = readBody(extractors, sources);
  if (typeof bodyValues === "string") return refused(bodyValues);
  for (const [index, extractor] of extractors.entries()) {
    const { field, place } = placeOf(extractor);
    const value =
      extractor.header === undefined
        ? oneValue(bodyValues.get(index) ?? [])
        : headerValue(valuesOf(sources, extractor.header.name.toLowerCase()));
    if (value.kind === "missing") continue;
    if (value.kind === "refused") return refused(`${place} ${value.detail}`);
    const before = found.get(field);
    if (before !== undefined && before !== value.text) {
      return refused(`"${field}" has two values, one of them in ${place}`);
    }
    found.set(field, value.text);
  }
  const missing = extractors.map(placeOf).find(({ field }) => !found.has(field));
  if (missing !== undefined && !options.mayBeMissing) {
    return refused(`nothing says "${missing.field}": ${missing.place} is not set`);
  }
  if (found.size > 0 && Buffer.byteLength(identityHeader(found)) > longestHeader) {
    return refused(`all values together are more than ${longestHeader} bytes`);
  }
  return { kind: "read", identity: found };
}

/** The identity as the attribute `clrkidentity` of an event: JSON, encoded as CloudEvents 1.0.2 §3.1.3.2 wants it. */
export function identityHeader(identity: CallIdentity): string {
  const text = JSON.stringify(Object.fromEntries(identity));
  return text.replace(/[^!#$&-~]/gu, (character) => encodeURIComponent(character));
}

/** The identity as an invocation shows it: `field=value`. */
export function audiencesOf(identity: CallIdentity): readonly string[] {
  return [...identity].map(([field, value]) => `${field}=${value}`);
}

type Extractor = AgentIdentity["extractors"][number];

type OneValue =
  | { readonly kind: "missing" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "refused"; readonly detail: string };

function placeOf({ header, body }: Extractor) {
  if (header !== undefined) return { field: header.field, place: `header "${header.name}"` };
  return { field: body?.field ?? "", place: `"${body?.jsonPath}" of the body` };
}

function refused(message: string): IdentityReading {
  return { kind: "refused", message };
}

/** What every object inherits was not sent. */
function valuesOf({ headers }: IdentitySources, name: string): readonly string[] {
  return (Object.hasOwn(headers, name) ? headers[name] : undefined) ?? [];
}

/** The values of extractors that read the body, by their index; a clause where it cannot be read. */
function readBody(
  extractors: readonly Extractor[],
  { headers, body }: IdentitySources,
): ReadonlyMap<number, readonly BodyValue[]> | string {
  const asked = extractors.flatMap(({ body: asks }, index) =>
    asks === undefined ? [] : [{ index, steps: parseArgumentPath(asks.jsonPath) }],
  );
  const [type = "", ...otherTypes] = headers["content-type"] ?? [];
  if (asked.length === 0 || body === undefined || body.length === 0) return new Map();
  const encoding = headers["content-encoding"]?.join() ?? "identity";
  if (encoding.toLowerCase() !== "identity") return "the body is compressed, wanted plain JSON";
  if (otherTypes.length > 0 || !/^application\/(?:[^;,]+\+)?json\s*(?:;|$)/i.test(type)) {
    return "the body is not of type application/json";
  }
  // RFC 8259 §8.1 knows no other; whoever believes it would read other keys.
  if (/;\s*charset\s*=(?!\s*"?utf-?8"?\s*(?:;|$))/i.test(type)) {
    return "the body is in another charset than UTF-8";
  }
  const paths = asked.map(({ steps }) => steps);
  const values = findBodyValues(body, paths);
  if (values === undefined) return "the body is not JSON";
  return new Map(asked.map(({ index }, at) => [index, values[at] ?? []]));
}

function headerValue(values: readonly string[]): OneValue {
  const [value, ...others] = values;
  if (value === undefined) return { kind: "missing" };
  // A proxy that adds its header to the caller's must not be read as either.
  if (others.length > 0) return { kind: "refused", detail: "is there more than once" };
  const text = value.trim();
  if (/[^\x20-\x7e]/.test(text)) return { kind: "refused", detail: "is no plain ASCII text" };
  return boundedText(text);
}

function oneValue(values: readonly BodyValue[]): OneValue {
  const texts = new Set<string>();
  for (const value of values) {
    switch (value.kind) {
      case "missing":
      case "null":
        break;
      case "text":
      case "number":
      case "boolean":
        texts.add(value.text);
        break;
      case "ambiguous":
        return { kind: "refused", detail: "has a key that comes twice, or in two cases" };
      default:
        return { kind: "refused", detail: "is no text, number, true or false" };
    }
  }
  const [text, ...others] = texts;
  if (text === undefined) return { kind: "missing" };
  return others.length > 0 ? { kind: "refused", detail: "has several values" } : boundedText(text);
}

function boundedText(text: string): OneValue {
  if (text === "") return { kind: "missing" };
  if (text.length > longestValue) {
    return { kind: "refused", detail: `has more than ${longestValue} characters` };
  }
  if (/\p{Cc}/u.test(text)) return { kind: "refused", detail: "holds control characters" };
  return { kind: "text", text };
}
