/**
 * Addresses that no name may lead to: this machine, its networks, cloud metadata, and every IPv6 form in which such
 * an IPv4 address can hide. Only a rule or host alias that names the address itself is an exception.
 */

import type { Cidr } from "../crds/cidr.ts";
import { containsCidr, parseAddress, parseCidr } from "../crds/cidr.ts";

/** Ranges that are refused as destinations, and the question whether a rule names one on purpose. */
export interface AddressGuard {
  /** CIDR texts without duplicates, in a fixed order; IPv4-mapped ones are written as IPv6 */
  readonly ranges: readonly string[];
  /** Whether all addresses of a CIDR lie inside one guarded range; throws a RangeError when it is no CIDR */
  covers(cidr: string): boolean;
}

/** IANA special-purpose IPv4 ranges (RFC 6890) without those for documentation, which lead nowhere. */
const guardedIpv4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  // Carrier-grade NAT (RFC 6598); one cloud's metadata service, 100.100.100.200, is in it.
  "100.64.0.0/10",
  "127.0.0.0/8",
  // Link-local; the metadata service of most clouds, 169.254.169.254, is in it.
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/4",
  // Reserved, with limited broadcast.
  "240.0.0.0/4",
];

const guardedIpv6 = [
  "::/128",
  "::1/128",
  // NAT64 for one network's own use (RFC 8215): where an IPv4 address stands in it is that network's choice.
  "64:ff9b:1::/48",
  // Teredo (RFC 4380) hides IPv4 addresses with all bits flipped.
  "2001::/32",
  // Unique local; the metadata service fd00:ec2::254 is in it.
  "fc00::/7",
  "fe80::/10",
  // Site-local, deprecated by RFC 3879 but still routed by old equipment.
  "fec0::/10",
  "ff00::/8",
];

/** Forms of an IPv4 address inside IPv6: 128 bits with the address cut out, and where its last bit stands. */
const embeddings: readonly { readonly prefix: bigint; readonly end: number }[] = [
  // IPv4-compatible ::a.b.c.d (RFC 4291 section 2.5.5.1)
  { prefix: 0n, end: 128 },
  // IPv4-mapped ::ffff:a.b.c.d
  { prefix: 0xffffn << 32n, end: 128 },
  // IPv4-translated ::ffff:0:a.b.c.d (RFC 2765)
  { prefix: 0xffffn << 48n, end: 128 },
  // NAT64 64:ff9b::a.b.c.d (RFC 6052)
  { prefix: 0x0064_ff9bn << 96n, end: 128 },
  // 6to4 2002:aabb:ccdd::/48 (RFC 3056)
  { prefix: 0x2002n << 112n, end: 48 },
];

/**
 * The guard of a process that listens on `ownAddresses` (any IP address text, no zone): they are guarded like all
 * the rest, so that no agent reaches the gateway's own ports through it. Throws a RangeError for what is no address.
 */
export function createAddressGuard(ownAddresses: readonly string[]): AddressGuard {
  const ipv4 = guardedIpv4.map(parseCidr);
  const ipv6 = guardedIpv6.map(parseCidr);
  const fixed = [...ipv4, ...ipv6, ...ipv4.flatMap(embedded)];
  const own = ownAddresses
    .map(parseAddress)
    .map(({ family, text }) => parseCidr(`${text}/${family === 4 ? 32 : 128}`))
    .filter((address) => !fixed.some((range) => containsCidr(range, address)))
    .toSorted((left, right) => (left.text < right.text ? -1 : 1));
  const all = [...fixed, ...own, ...own.filter(({ family }) => family === 4).flatMap(embedded)];
  return {
    ranges: [...new Set(all.map(({ text }) => text))],
    covers(cidr) {
      const inner = parseCidr(cidr);
      return all.some((range) => containsCidr(range, inner));
    },
  };
}

/** The IPv6 blocks in which the addresses of an IPv4 block can hide. */
function embedded(block: Cidr): Cidr[] {
  return embeddings.map(({ prefix, end }) => {
    const bits = prefix | (block.bits << BigInt(128 - end));
    const prefixLength = end - 32 + block.prefixLength;
    return { family: 6, bits, prefixLength, text: `${formatGroups(bits)}/${prefixLength}` };
  });
}

/** All eight groups: `crds` would write the mapped form as IPv4, and Envoy compares it as IPv6. */
function formatGroups(bits: bigint): string {
  const groups = Array.from(
    { length: 8 },
    (_, index) => (bits >> BigInt(112 - 16 * index)) & 0xffffn,
  );
  return groups.map((group) => group.toString(16)).join(":");
}
