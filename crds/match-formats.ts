/** Forms of what rules compare with: hosts, addresses, durations, globs and expressions, as their own files read them. */
import {
  addressPattern,
  dnsNamePattern,
  hostAddressPattern,
  ipv4Pattern,
  ipv6Pattern,
  longNamePattern,
  numericNamePattern,
} from "./address-patterns.ts";
import { readAddress, readCidr } from "./cidr.ts";
import { formatDuration, readDuration } from "./duration.ts";
import { readGlob } from "./glob.ts";
import { readHost, readHostPattern } from "./host-pattern.ts";
import { cel } from "./open-api-constraint.ts";
import type { CelRule, Constraint } from "./open-api-constraint.ts";
import { invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";
import { readRegex } from "./regex.ts";
import type { StringFormat } from "./schema.ts";

const globText = "[^\\[\\]{}\\\\\\x00-\\x1f\\x7f-\\x9f]+";

const isAddress: Constraint = { pattern: `^${hostAddressPattern}$` };

const noName: Constraint = {
  anyOf: [{ pattern: numericNamePattern }, { pattern: longNamePattern }],
};

const isName: Constraint = { pattern: `^${dnsNamePattern}$`, not: noName };

const isNamePattern: Constraint = { pattern: `^(?:\\*\\.)?${dnsNamePattern}$`, not: noName };

/** Longest duration that a field accepts: beyond a month it is a slip of the unit. */
const maxDurationMs = 31 * 24 * 3_600_000;

/** What CEL says of the longest duration of a field. */
export function durationAtMost(longest: string): CelRule {
  return cel(`duration(self) <= duration('${longest}')`, `it must be at most ${longest}`);
}

/** A duration above 0, stored in Go's canonical text. */
export const durationFormat: StringFormat = {
  name: "duration",
  wanted: 'a duration such as "30s" or "5m"',
  pattern: "^\\+?(?:(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:h|m|s|ms|us|µs|μs))+$",
  constraint: { not: { pattern: "^\\+?(?:[0.]+[a-zµμ]+)+$" } },
  cel: [durationAtMost("744h")],
  read(text) {
    const reading = readDuration(text);
    if (reading.kind === "invalid") return reading;
    if (reading.value <= 0) return invalid("it must be more than 0");
    if (reading.value > maxDurationMs) return invalid("it must be at most 744h");
    return valid(formatDuration(reading.value));
  },
};

/** An IP address, stored in canonical text. */
export const addressFormat: StringFormat = {
  name: "ip",
  wanted: "an IP address",
  pattern: `^${addressPattern}$`,
  read: (text) => textOf(readAddress(text)),
};

/** A CIDR block, stored in canonical text. */
export const cidrFormat: StringFormat = {
  name: "cidr",
  wanted: 'a CIDR block such as "10.0.0.0/8"',
  pattern: `^(?:${ipv4Pattern}/(?:[0-9]|[12][0-9]|3[0-2])|${ipv6Pattern}/(?:[0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))$`,
  read: (text) => textOf(readCidr(text)),
};

/** A DNS name or IP address, stored in lower case without the trailing dot. */
export const hostFormat: StringFormat = {
  name: "host",
  wanted: "a DNS name or an IP address",
  constraint: { anyOf: [isAddress, isName] },
  read: (text) => textOf(readHost(text)),
};

/** A DNS name only, stored in lower case without the trailing dot. */
export const dnsNameFormat: StringFormat = {
  name: "hostname",
  wanted: "a DNS name",
  constraint: isName,
  read(text) {
    const reading = readHost(text);
    if (reading.kind === "valid" && reading.value.kind === "ip")
      return invalid("it is an IP address");
    return textOf(reading);
  },
};

/** A host that a route names: DNS name, `*.` and a DNS name, or IP address; stored normalised. */
export const hostPatternFormat: StringFormat = {
  name: "host-pattern",
  wanted: 'a DNS name, "*." and a DNS name, or an IP address',
  constraint: { anyOf: [isAddress, isNamePattern] },
  read: (text) => textOf(readHostPattern(text)),
};

/** A DNS name, or `*.` and a DNS name; stored normalised. Addresses have a field of their own there. */
export const dnsPatternFormat: StringFormat = {
  name: "hostname-pattern",
  wanted: 'a DNS name, or "*." and a DNS name',
  constraint: isNamePattern,
  read(text) {
    const reading = readHostPattern(text);
    if (reading.kind === "valid" && reading.value.kind === "ip")
      return invalid("it is an IP address; use destinationCIDRs");
    return textOf(reading);
  },
};

/** Our own globs, of `*` and `?` only; kept as they are written. */
export const globFormat: StringFormat = {
  name: "glob",
  wanted: 'a glob such as "claude-*"',
  pattern: `^${globText}$`,
  read: readGlob,
};

/** A glob of a URL path. */
export const pathGlobFormat: StringFormat = {
  name: "path-glob",
  wanted: 'a path glob such as "/v1/*"',
  pattern: `^[/*]${globText.replace(/\+$/, "*")}$`,
  read(text) {
    if (!/^[/*]/.test(text)) return invalid('it begins neither with "/" nor with "*"');
    return readGlob(text);
  },
};

/** The path in front of an API's own: segments of plain characters, without a slash at its end. */
export const basePathFormat: StringFormat = {
  name: "base-path",
  wanted: 'a path such as "/openai/v1"',
  pattern: "^(?:/[A-Za-z0-9._~@:-]+)+$",
  constraint: { not: { pattern: "/\\.{1,2}(?:/|$)" } },
  read(text) {
    if (!text.startsWith("/")) return invalid('it does not begin with "/"');
    if (!/^(?:\/[A-Za-z0-9._~@:-]+)+$/.test(text)) {
      return invalid("segments are of letters, digits and ._~@:- only, and no slash ends it");
    }
    return /\/\.{1,2}(?:\/|$)/.test(text) ? invalid("it has a dot segment") : valid(text);
  },
};

/** An RE2 expression, as Envoy compiles it. */
export const regexFormat: StringFormat = {
  name: "re2",
  wanted: "an RE2 regular expression",
  pattern: "^[ -~]+$",
  read: readRegex,
};

function textOf(reading: Reading<{ readonly text: string }>): Reading<string> {
  return reading.kind === "valid" ? valid(reading.value.text) : reading;
}
