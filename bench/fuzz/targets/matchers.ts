/**
 * Matchers of rules against the simplest code that says the same: globs, the expressions that Envoy gets for them, host
 * patterns, blocks of addresses, and expressions of users, which must be read without a throw whatever they are.
 */

import { containsCidr, readAddress, readCidr } from "../../../crds/cidr.ts";
import { globToRegex, matchGlob, readGlob } from "../../../crds/glob.ts";
import {
  hostPatternToRegex,
  matchHostPattern,
  normaliseHost,
  readHostPattern,
} from "../../../crds/host-pattern.ts";
import type { WildcardReach } from "../../../crds/host-pattern.ts";
import { readRegex } from "../../../crds/regex.ts";
import { globPathMatch } from "../../../gateway/compile/path-match.ts";
import { matchesCall } from "../../../gateway/model-match.ts";
import type { Choices } from "../choices.ts";
import { inventChoices, readChoices } from "../choices.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";

/** Globs, hosts, addresses and expressions. */
export const matchersTarget: FuzzTarget = {
  name: "matchers",
  promise: "each matcher agrees with a simple one and with the expression that Envoy gets",
  covers: ["/crds/glob", "/crds/host-pattern", "/crds/cidr", "/crds/regex", "/gateway/model-match"],
  words: [
    "(?:a|b)*",
    "[[:alpha:]-z]",
    "{2,5}",
    "\\x{61}",
    "(?i)",
    "*.example.com",
    "xn--",
    "::ffff:",
  ],
  seeds: () =>
    [0, 1, 2, 3].map((kind) => Buffer.from([kind, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])),
  invent: (random) => inventChoices(random, 120),
  open: () => ({ check }),
};

function check(input: Buffer): Finding {
  const choices = readChoices(input);
  switch (choices.below(4)) {
    case 0:
      return checkGlob(choices);
    case 1:
      return checkHost(choices);
    case 2:
      return checkCidr(choices);
    default:
      return checkRegex(choices.rest().toString("utf8"));
  }
}

function checkGlob(choices: Choices): Finding {
  const glob = invent(choices, ["a", "b", "/", "*", "?", "*", ".", "-", "ä", "🦊", "(", "+"], 10);
  const text = invent(choices, ["a", "b", "/", ".", "-", "ä", "🦊", "(", "+", "\n"], 12);
  if (readGlob(glob).kind === "invalid") return undefined;
  const wanted = matchLiterally([...glob], [...text]);
  if (matchGlob(glob, text) !== wanted) return `glob "${glob}" and "${text}": wanted ${wanted}`;
  const call = { path: text, model: text };
  if (matchesCall({ endpoints: [glob], models: [glob] }, call) !== wanted) {
    return `call "${text}" by "${glob}": wanted ${wanted}`;
  }
  const bytes = Buffer.from(text).toString("latin1");
  const expression = Buffer.from(globToRegex(glob)).toString("latin1");
  if (asRe2(expression).test(bytes) !== wanted) return `expression of "${glob}" and "${text}"`;
  const match = globPathMatch(glob);
  const isMatch =
    match === undefined ||
    (match.kind === "exact"
      ? match.value === text
      : asRe2(Buffer.from(match.value).toString("latin1")).test(bytes));
  return isMatch === wanted ? undefined : `path "${text}" by "${glob}": wanted ${wanted}`;
}

/** By its meaning and in exponential time. */
function matchLiterally(glob: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return text.length === 0;
  if (first === "*") {
    const next = rest[0] === "*" ? rest.slice(rest.findIndex((one) => one !== "*")) : rest;
    if (rest.every((one) => one === "*")) return true;
    return text.some((_, at) => matchLiterally(next, text.slice(at))) || matchLiterally(next, []);
  }
  const [character, ...others] = text;
  if (character === undefined) return false;
  return (first === "?" || first === character) && matchLiterally(rest, others);
}

/** An expression of RE2's, as JavaScript says it; Envoy matches whole texts. */
function asRe2(expression: string): RegExp {
  return new RegExp(`^(?:${expression.replaceAll("(?s:.*)", "[^]*")})$`);
}

function checkHost(choices: Choices): Finding {
  const labels = [
    "example",
    "com",
    "a",
    "A",
    "x-1",
    "_b",
    "xn--bcher-kva",
    "bücher",
    "1",
    "0x7f",
    "",
    "*",
  ];
  const name = () => {
    const parts: string[] = [];
    for (let count = 1 + choices.below(4); count > 0; count--) parts.push(choices.pick(labels));
    return parts.join(".") + choices.pick(["", "", "."]);
  };
  const written = choices.pick(["", "*."]) + name();
  const reading = readHostPattern(written);
  if (reading.kind === "invalid") return undefined;
  const pattern = reading.value;
  const again = readHostPattern(pattern.text);
  if (again.kind === "invalid" || again.value.text !== pattern.text)
    return `"${pattern.text}" is not itself`;
  const tail = pattern.kind === "wildcard" ? pattern.suffix : `.${pattern.text}`;
  const host = choices.pick([
    name(),
    `${name()}${tail}`,
    pattern.text,
    tail.slice(1),
    `x${tail.slice(1)}`,
  ]);
  const reach: WildcardReach = choices.pick(["any-labels", "one-label"]);
  const found = matchHostPattern(pattern, host, reach);
  const wanted = hostMatches(pattern.text, normaliseHost(host), reach);
  if (found !== wanted) return `host "${host}" by "${pattern.text}" (${reach}): wanted ${wanted}`;
  const normalised = normaliseHost(host);
  if (normalised === undefined || pattern.kind === "ip") return undefined;
  const isExpressed = asRe2(hostPatternToRegex(pattern, reach)).test(normalised);
  return isExpressed === wanted ? undefined : `expression of "${pattern.text}" and "${host}"`;
}

function hostMatches(pattern: string, host: string | undefined, reach: WildcardReach): boolean {
  if (host === undefined) return false;
  if (!pattern.startsWith("*.")) return host === pattern;
  const [wanted, labels] = [pattern.slice(2).split("."), host.split(".")];
  const more = labels.length - wanted.length;
  const isTail = wanted.every((label, at) => label === labels[more + at]);
  return isTail && (reach === "one-label" ? more === 1 : more >= 1);
}

function checkCidr(choices: Choices): Finding {
  const isIpv4 = choices.below(2) === 0;
  const width = isIpv4 ? 32 : 128;
  const bits = (): string => {
    const bytes = choices.bytes(width / 8);
    return [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  };
  const length = choices.below(width + 1);
  const block = bits().slice(0, length).padEnd(width, "0");
  const address = choices.below(2) === 0 ? bits() : block.slice(0, length) + bits().slice(length);
  const cidr = readCidr(`${spell(block)}/${length}`);
  const read = readAddress(spell(address));
  if (read.kind === "invalid") return `${spell(address)} is not read`;
  // Mapped addresses are IPv4, and blocks around them cannot be told.
  const isMapped = (one: string) => !isIpv4 && one.startsWith(mappedBits);
  if (isMapped(block) || isMapped(address)) return undefined;
  if (cidr.kind === "invalid") return `${spell(block)}/${length} is not read: ${cidr.detail}`;
  const wanted = address.startsWith(block.slice(0, length));
  if (containsCidr(cidr.value, read.value) !== wanted) {
    return `${cidr.value.text} and ${read.value.text}: wanted ${wanted}`;
  }
  const again = readAddress(read.value.text);
  return again.kind === "valid" && again.value.bits === read.value.bits
    ? undefined
    : `${read.value.text} is not itself`;
}

const mappedBits = "0".repeat(80) + "1".repeat(16);

function spell(bits: string): string {
  const size = bits.length === 32 ? 8 : 16;
  const groups = bits.match(new RegExp(`.{${size}}`, "g")) ?? [];
  const numbers = groups.map((group) => Number.parseInt(group, 2));
  return size === 8 ? numbers.join(".") : numbers.map((one) => one.toString(16)).join(":");
}

/** Accepted expressions compile in JavaScript, too, where both languages have the same words. */
function checkRegex(text: string): Finding {
  const reading = readRegex(text);
  if (reading.kind === "invalid") return reading.detail === "" ? "no reason is given" : undefined;
  const isForeign = /\[\[?:?|\(\?|\\[AzQEaCx0-7]|\[\^?\]|[{}\]]/.test(text);
  if (isForeign) return undefined;
  try {
    new RegExp(text);
    return undefined;
  } catch (error) {
    return `"${text}" is accepted and is none: ${error instanceof Error ? error.message : ""}`;
  }
}

function invent(choices: Choices, letters: readonly string[], most: number): string {
  let text = "";
  for (let count = choices.below(most); count > 0; count--) text += choices.pick(letters);
  return text;
}
