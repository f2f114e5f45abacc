/**
 * Which hosts a route means: an exact DNS name, `*.suffix`, or an IP address. Names are compared in lower case
 * without the trailing dot, addresses by value; whatever cannot be read matches nothing.
 */
import { domainToASCII } from "node:url";
import { readAddress } from "./cidr.ts";
import { expectValid, invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";

/** Longest DNS name in text form, without the trailing dot (RFC 1035 §2.3.4). */
export const MAX_HOST_LENGTH = 253;

const MAX_LABEL_LENGTH = 63;

/** A destination as an agent names it, normalised. */
export type Host =
  | { readonly kind: "name"; readonly text: string }
  /** `text` is the canonical address without brackets */
  | { readonly kind: "ip"; readonly text: string };

/** What a route's host text means. */
export type HostPattern =
  | { readonly kind: "exact"; readonly text: string; readonly host: string }
  /** `suffix` begins with the dot: `.example.com` */
  | { readonly kind: "wildcard"; readonly text: string; readonly suffix: string }
  | { readonly kind: "ip"; readonly text: string; readonly address: string };

/**
 * How much of a name `*` stands for: one or more labels as in Gateway API's HTTPRoute,
 * or exactly one label as in an EgressL4Route and in certificates.
 */
export type WildcardReach = "any-labels" | "one-label";

/** Reads a DNS name or an IP address (IPv6 with or without brackets), without port. */
export function readHost(text: string): Reading<Host> {
  if (text.includes("/")) return invalid(describeSlash(text));
  if (text.startsWith("[") || text.split(":").length > 2) return readIp(text);
  const colon = text.indexOf(":");
  if (colon !== -1) return invalid(`a port is not part of a host: write "${text.slice(0, colon)}"`);
  const name = lowerCase(text.endsWith(".") ? text.slice(0, -1) : text);
  // Resolvers take any name that ends in a number for an IPv4 address, in forms that rules do not foresee.
  if (/(^|\.)(\d+|0x[0-9a-f]*)$/.test(name)) return readIp(name);
  const mistake = findNameMistake(name);
  return mistake === undefined ? valid({ kind: "name", text: name }) : invalid(mistake);
}

/** Reads what a route may name as a host: like `readHost`, and `*.` before a DNS name. */
export function readHostPattern(text: string): Reading<HostPattern> {
  if (text === "*") return invalid('"*" alone is not allowed; name the hosts, or "*.example.com"');
  const wildcard = text.startsWith("*.");
  const rest = wildcard ? text.slice(2) : text;
  if (rest.includes("*"))
    return invalid('"*" may only be the whole first label, as in "*.example.com"');
  const host = readHost(rest);
  if (host.kind === "invalid") return host;
  if (host.value.kind === "ip") {
    if (wildcard) return invalid('"*." needs a DNS name after it, not an IP address');
    return valid({ kind: "ip", text: host.value.text, address: host.value.text });
  }
  const name = host.value.text;
  if (!wildcard) return valid({ kind: "exact", text: name, host: name });
  return valid({ kind: "wildcard", text: `*.${name}`, suffix: `.${name}` });
}

/** A pattern that was validated before; throws a RangeError on anything else. */
export function parseHostPattern(text: string): HostPattern {
  return expectValid(readHostPattern(text), "host pattern", text);
}

/**
 * The one spelling of a host from an agent (SNI, `:authority` without its port): lower case, no trailing dot,
 * canonical address. Undefined when it is no host at all; treat that as a denial.
 */
export function normaliseHost(text: string): string | undefined {
  const reading = readHost(text);
  return reading.kind === "valid" ? reading.value.text : undefined;
}

/** Whether a host (any spelling, no port) is one that the pattern means. What is no host matches nothing. */
export function matchHostPattern(
  pattern: HostPattern,
  host: string,
  reach: WildcardReach,
): boolean {
  const normalised = normaliseHost(host);
  if (normalised === undefined) return false;
  switch (pattern.kind) {
    case "exact":
      return normalised === pattern.host;
    case "ip":
      return normalised === pattern.address;
    case "wildcard": {
      if (!normalised.endsWith(pattern.suffix)) return false;
      const head = normalised.slice(0, -pattern.suffix.length);
      return head !== "" && (reach === "any-labels" || !head.includes("."));
    }
  }
}

/** The pattern as an RE2 expression (unanchored; Envoy matches whole texts) over normalised hosts. */
export function hostPatternToRegex(pattern: HostPattern, reach: WildcardReach): string {
  if (pattern.kind !== "wildcard") return pattern.text.replaceAll(".", "\\.");
  const label = "[a-z0-9_-]+";
  const head = reach === "one-label" ? label : `${label}(?:\\.${label})*`;
  return head + pattern.suffix.replaceAll(".", "\\.");
}

function readIp(text: string): Reading<Host> {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (bare !== text && !bare.includes(":"))
    return invalid("only an IPv6 address stands in brackets");
  const address = readAddress(bare);
  if (address.kind === "valid") return valid({ kind: "ip", text: address.value.text });
  return invalid(
    bare.includes(":") ? "malformed IPv6 address" : "ends in a number but is no IPv4 address",
  );
}

/** ASCII only: `toLowerCase` would turn a Kelvin sign into the letter k. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function describeSlash(text: string): string {
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/?#@]+)/i.exec(text);
  if (match === null) return "a path is not part of a host";
  return `a scheme is not part of a host: write "${match[1] ?? ""}"`;
}

function findNameMistake(name: string): string | undefined {
  if (name === "") return "empty name";
  const strange = /[^a-z0-9._-]/u.exec(name);
  if (strange !== null) return describeCharacter(name, strange[0], strange.index);
  if (name.length > MAX_HOST_LENGTH) return `longer than ${MAX_HOST_LENGTH} characters`;
  let position = 0;
  for (const label of name.split(".")) {
    if (label === "") return `empty label at position ${position}`;
    if (label.length > MAX_LABEL_LENGTH) return `label longer than ${MAX_LABEL_LENGTH} characters`;
    if (label.startsWith("-") || label.endsWith("-"))
      return `label "${label}" begins or ends with "-"`;
    position += label.length + 1;
  }
  return undefined;
}

function describeCharacter(name: string, character: string, position: number): string {
  if (/\P{ASCII}/u.test(name)) {
    const ascii = domainToASCII(name);
    if (ascii !== "") return `not ASCII: write "${ascii}"`;
  }
  return `character ${JSON.stringify(character)} at position ${position}`;
}
