/**
 * Redaction of kept bodies: JSON keeps all but the values at the paths, by the shortest code that says what the paths mean,
 * and an address never survives, whatever stands around it and however the body is written.
 */

import { BodyRedaction } from "../../../gateway/redaction/body-redaction.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { mutateJson } from "../json-mutations.ts";

const mediaTypes = [
  "application/json",
  "text/event-stream",
  "application/x-ndjson",
  "text/plain",
  "application/octet-stream",
] as const;

const address = "alice@example.com";

/** The walk stops deeper than this, and takes out the rest. */
const maxDepth = 120;

const seeds: readonly (readonly [mediaType: number, body: string])[] = [
  [0, `{"secret":"x","list":[1,{"Secret":{"a":2}}],"mail":"${address}","n":-1.5e3}`],
  [
    1,
    `event: a\ndata: {"choices":[{"index":0,"delta":{"content":"${address}"}}]}\n\ndata: [DONE]\n\n`,
  ],
  [1, 'data: {"delta":"alice@"}\n\ndata: {"delta":"example.com"}\n\n'],
  [2, '{"secret":1}\n{"secret":[2]}\n'],
  [3, `4111 1111 1111 1111 ${address} DE89 3704 0044 0532 0130 00 +49 151 2345678 10.0.0.1 ::1`],
];

/** The first byte chooses the media type, and whether the end is missing. */
export const redactionTarget: FuzzTarget = {
  name: "redaction",
  promise: "values at paths and addresses never survive, and all other JSON does",
  covers: ["/gateway/redaction/", "/gateway/policy/key-tokens"],
  maxInputBytes: 6_000,
  words: [
    address,
    "alice%40example.com",
    "alice\\u0040example.com",
    '"secret":',
    '"se\\u0063ret":',
    "\\\\",
    "data: ",
    "\n\n",
    "4111111111111111",
    "-----BEGIN PRIVATE KEY-----",
  ],
  seeds: () => seeds.map(([type, body]) => Buffer.concat([Buffer.from([type]), Buffer.from(body)])),
  invent(random: Random) {
    const [type, body] = random.pick(seeds);
    return Buffer.concat([Buffer.from([type]), Buffer.from(body)]);
  },
  mutate(input, random) {
    const body = mutateJson(input.subarray(1), random);
    return body && Buffer.concat([input.subarray(0, 1), body]);
  },
  open() {
    const redaction = new BodyRedaction({
      jsonPaths: ["$..secret", "$.list[1]"],
      shapes: [
        "Email",
        "PaymentCard",
        "IBAN",
        "PhoneNumber",
        "IPAddress",
        "USSocialSecurityNumber",
      ],
      patterns: [],
    });
    const nothing = { jsonPaths: [], shapes: [], patterns: [] };
    const paths = new BodyRedaction({ ...nothing, jsonPaths: ["$..secret", "$.list[1]"] });
    const keys = new BodyRedaction(nothing);
    return { check: (input) => check(input, { redaction, paths, keys }) };
  },
};

interface Redactions {
  readonly redaction: BodyRedaction;
  readonly paths: BodyRedaction;
  readonly keys: BodyRedaction;
}

function check(input: Buffer, redactions: Redactions): Finding {
  const choice = input[0] ?? 0;
  const mediaType = mediaTypes[choice % mediaTypes.length] ?? mediaTypes[0];
  const body = input.toString("latin1", 1);
  const redacted = redactions.redaction.redact(body, mediaType, choice & 0x80 ? "cut" : "whole");
  if (redacted.includes(address)) return "an address survives";
  return mediaType === "application/json" ? checkJson(body, redactions) : undefined;
}

function checkJson(body: string, { paths, keys }: Redactions): Finding {
  const before = parse(body);
  if (before === undefined || depthOf(before.value) > maxDepth) return undefined;
  const after = parse(paths.redact(body, "application/json", "whole"));
  // Keys of vendors are taken out wherever they stand, of names and numbers too.
  if (keys.redact(body, "text/plain", "whole") !== body) return undefined;
  if (after === undefined) return "JSON is none any more";
  const wanted = JSON.stringify(without(before.value));
  return JSON.stringify(after.value) === wanted ? undefined : "other values are changed";
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(Buffer.from(text, "latin1").toString()) };
  } catch {
    // Not JSON.
    return undefined;
  }
}

/** What the paths mean. */
function without(value: unknown, isRoot = true): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item, false));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    if (key.toLowerCase() === "secret") return [key, "[redacted]"];
    const inner = without(item, false);
    const isList = isRoot && key.toLowerCase() === "list" && Array.isArray(inner);
    return [key, isList && inner.length > 1 ? inner.with(1, "[redacted]") : inner];
  });
  return Object.fromEntries(entries);
}

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
