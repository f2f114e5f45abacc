/**
 * The address guard: an address inside a guarded range is refused in every text in which anybody can write it. Texts that
 * resolvers take for addresses and that are none of ours must not be hosts at all.
 */

import { readAddress, readCidr } from "../../../crds/cidr.ts";
import { normaliseHost, readHost } from "../../../crds/host-pattern.ts";
import { createAddressGuard } from "../../../gateway/address-guard.ts";
import type { Choices } from "../choices.ts";
import { inventChoices, readChoices } from "../choices.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";

const own = ["203.0.113.9", "2001:db8::9"];
const guard = createAddressGuard(own);

/** Ranges that nobody may reach, written down here once more: first and last address. */
const insideIpv4: readonly (readonly [first: number, last: number])[] = [
  [0x00000000, 0x00ffffff],
  [0x0a000000, 0x0affffff],
  [0x64400000, 0x647fffff],
  [0x7f000000, 0x7fffffff],
  [0xa9fe0000, 0xa9feffff],
  [0xac100000, 0xac1fffff],
  [0xc0a80000, 0xc0a8ffff],
  [0xc6120000, 0xc613ffff],
  [0xcb007109, 0xcb007109],
  [0xe0000000, 0xffffffff],
];

/** How an IPv4 address hides in IPv6: everything but the address, as groups around its two. */
const embeddings: readonly ((high: string, low: string) => string)[] = [
  (high, low) => `0:0:0:0:0:0:${high}:${low}`,
  (high, low) => `0:0:0:0:0:ffff:${high}:${low}`,
  (high, low) => `0:0:0:0:ffff:0:${high}:${low}`,
  (high, low) => `64:ff9b:0:0:0:0:${high}:${low}`,
  (high, low) => `2002:${high}:${low}:1:2:3:4:5`,
];

const insideIpv6 = [
  "0:0:0:0:0:0:0:1",
  "fe80:0:0:0:1:2:3:4",
  "fd00:ec2:0:0:0:0:0:254",
  "ff02:0:0:0:0:0:0:1",
  "2001:db8:0:0:0:0:0:9",
  "64:ff9b:1:0:a00:0:1:0",
  "2001:0:a:b:c:d:e:f",
];

/** The guard, and what is read as an address before it is asked. */
export const addressGuardTarget: FuzzTarget = {
  name: "address-guard",
  promise: "a guarded address is refused or no host, in every spelling",
  covers: ["/gateway/address-guard", "/crds/cidr", "/crds/host-pattern"],
  seeds: () => [Buffer.alloc(4), Buffer.from("0123456789abcdef", "hex"), Buffer.alloc(12, 0xa5)],
  invent: (random) => inventChoices(random, 60),
  open: () => ({ check }),
};

function check(input: Buffer): Finding {
  const choices = readChoices(input);
  switch (choices.below(4)) {
    case 0:
      return checkIpv4(choices);
    case 1:
      return checkEmbedded(choices);
    case 2:
      return checkIpv6(choices);
    default:
      return checkText(choices.rest().toString("latin1"));
  }
}

function chooseIpv4(choices: Choices): number {
  const [first, last] = choices.pick(insideIpv4);
  return first + choices.below(last - first + 1);
}

function checkIpv4(choices: Choices): Finding {
  const address = chooseIpv4(choices);
  const text = spellIpv4(address, choices);
  return checkSpelling(text, dotted(address));
}

/** Any text: what is read as an address must be the address that an independent reader finds, in one spelling. */
function checkText(text: string): Finding {
  const host = readHost(text);
  if (host.kind === "invalid") return undefined;
  const again = readHost(host.value.text);
  if (again.kind === "invalid" || again.value.text !== host.value.text) {
    return `"${host.value.text}" is not read as itself`;
  }
  const isUrl = URL.canParse(
    `http://${host.value.text.includes(":") ? `[${host.value.text}]` : host.value.text}/`,
  );
  if (host.value.kind === "ip" || !isUrl) return undefined;
  // The URL standard reads hosts as browsers do, with every old form of IPv4.
  const { hostname } = new URL(`http://${host.value.text}/`);
  return /^[\d.]+$|^\[/.test(hostname) ? `the name "${text}" is an address to others` : undefined;
}

function checkEmbedded(choices: Choices): Finding {
  const address = chooseIpv4(choices);
  const hex = address.toString(16).padStart(8, "0");
  const groups = choices.pick(embeddings)(hex.slice(0, 4), hex.slice(4));
  return checkSpelling(spellIpv6(groups, choices), groups);
}

function checkIpv6(choices: Choices): Finding {
  const groups = choices.pick(insideIpv6);
  return checkSpelling(spellIpv6(groups, choices), groups);
}

/** Refused as a host, or read as an address that the guard covers; `plain` is the spelling that is always read. */
function checkSpelling(text: string, plain: string): Finding {
  const host = readHost(text);
  const read = readAddress(plain);
  if (read.kind === "invalid") return `"${plain}" is not read as an address`;
  const { text: canonical, family } = read.value;
  if (!guard.covers(`${canonical}/${family === 4 ? 32 : 128}`))
    return `"${canonical}" is not guarded`;
  if (host.kind === "invalid") return undefined;
  if (host.value.kind === "name") return `"${text}" is read as a name`;
  if (host.value.text !== canonical) return `"${text}" is read as "${host.value.text}"`;
  if (normaliseHost(`${text}.`) !== undefined && !text.includes(":"))
    return checkDot(text, canonical);
  const cidr = readCidr(`${canonical}/${family === 4 ? 32 : 128}`);
  return cidr.kind === "valid" ? undefined : `"${canonical}" is no block of one address`;
}

function checkDot(text: string, canonical: string): Finding {
  const dotted = normaliseHost(`${text}.`);
  return dotted === canonical ? undefined : `"${text}." is read as "${dotted}"`;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** Forms that some resolver takes for the address: decimal, octal, hexadecimal, with fewer parts, padded. */
function spellIpv4(address: number, choices: Choices): string {
  const parts = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
  const spell = (value: number) =>
    choices.pick([
      String(value),
      `0${value.toString(8)}`,
      `0x${value.toString(16)}`,
      `0X${value.toString(16).toUpperCase()}`,
      String(value).padStart(3, "0"),
    ]);
  const count = choices.pick([4, 4, 3, 2, 1]);
  const tail = parts.slice(count - 1).reduce((sum, part) => sum * 256 + part, 0);
  const text = [...parts.slice(0, count - 1).map(spell), spell(tail)].join(".");
  return choices.pick([text, text, `${text}.`, `[${text}]`, ` ${text}`, `${text}%00`]);
}

/** The same groups with other letters, zeros left out or put before, and the last two as dotted decimal. */
function spellIpv6(groups: string, choices: Choices): string {
  const parts = groups.split(":").map((group) => {
    const short = group.replace(/^0+(?=.)/, "");
    return choices.pick([short, short.padStart(4, "0"), short.toUpperCase()]);
  });
  if (choices.oneIn(3)) {
    const [high = "0", low = "0"] = parts.splice(-2);
    parts.push(dotted(Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16)));
  }
  let text = parts.join(":");
  if (choices.oneIn(2)) text = text.replace(/(?:^|:)(?:0+:)+(?:0+$)?/, "::");
  return choices.pick([text, text, `[${text}]`, `${text}%eth0`]);
}
