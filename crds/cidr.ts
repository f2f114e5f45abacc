/**
 * IP addresses and CIDR blocks, strictly read, with one canonical text each (RFC 5952). IPv4-mapped IPv6
 * (`::ffff:a.b.c.d`) is IPv4 everywhere here, so that neither spelling slips past a rule about the other.
 */
import { expectValid, invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";

/** One address. */
export interface IpAddress {
  readonly family: 4 | 6;
  /** The address as an unsigned number of 32 or 128 bits */
  readonly bits: bigint;
  /** Canonical text, without brackets */
  readonly text: string;
}

/** One block of addresses; no bit beyond the prefix is set. */
export interface Cidr {
  readonly family: 4 | 6;
  /** The first address as an unsigned number */
  readonly bits: bigint;
  readonly prefixLength: number;
  /** Canonical text, such as `10.0.0.0/8` */
  readonly text: string;
}

const mappedPrefix = 0xffffn;

/** Reads dotted-decimal IPv4 (four parts, no leading zeros) or IPv6 (no zone, no brackets). */
export function readAddress(text: string): Reading<IpAddress> {
  if (!text.includes(":")) {
    const bits = readIpv4(text);
    return bits === undefined
      ? invalid("not four numbers from 0 to 255")
      : valid(createAddress(4, bits));
  }
  if (text.includes("%")) return invalid("a zone is not allowed");
  if (text.startsWith("[")) return invalid("brackets are not allowed");
  const bits = readIpv6(text);
  if (bits === undefined) return invalid("malformed IPv6 address");
  return valid(createAddress(6, bits));
}

/** An address that was validated before; throws a RangeError on anything else. */
export function parseAddress(text: string): IpAddress {
  return expectValid(readAddress(text), "IP address", text);
}

/** Reads `address/prefixLength`. Bits beyond the prefix are an error, because the block meant is then unclear. */
export function readCidr(text: string): Reading<Cidr> {
  const slash = text.indexOf("/");
  const address = readAddress(slash === -1 ? text : text.slice(0, slash));
  if (address.kind === "invalid") return address;
  if (slash === -1) {
    const { text: canonical, family } = address.value;
    return invalid(`no prefix length; for one address write "${canonical}/${widthOf(family)}"`);
  }
  const written = text.slice(slash + 1);
  // The prefix length counts in the family that was written, which a mapped address leaves.
  const writtenWidth = text.includes(":") ? 128 : 32;
  const prefixLength = Number(written);
  if (!/^(0|[1-9]\d{0,2})$/.test(written) || prefixLength > writtenWidth) {
    return invalid(`prefix length is not a number from 0 to ${writtenWidth}`);
  }
  return alignCidr(address.value, prefixLength, writtenWidth);
}

/** A CIDR block that was validated before; throws a RangeError on anything else. */
export function parseCidr(text: string): Cidr {
  return expectValid(readCidr(text), "CIDR", text);
}

/**
 * Whether every address of `inner` (a block or one address) lies in `outer`. Families never mix: `::/0` holds no
 * IPv4 address, so a rule about everything names `0.0.0.0/0` too.
 */
export function containsCidr(outer: Cidr, inner: Cidr | IpAddress): boolean {
  if (outer.family !== inner.family) return false;
  if ("prefixLength" in inner && inner.prefixLength < outer.prefixLength) return false;
  const shift = BigInt(widthOf(outer.family) - outer.prefixLength);
  return outer.bits >> shift === inner.bits >> shift;
}

function alignCidr(address: IpAddress, written: number, writtenWidth: number): Reading<Cidr> {
  const mapped = writtenWidth === 128 && address.family === 4;
  if (mapped && written < 96)
    return invalid("an IPv4-mapped block needs a prefix length of at least 96");
  const prefixLength = mapped ? written - 96 : written;
  const shift = BigInt(widthOf(address.family) - prefixLength);
  const bits = (address.bits >> shift) << shift;
  const text = `${createAddress(address.family, bits).text}/${prefixLength}`;
  if (bits !== address.bits)
    return invalid(`bits after the prefix are set; the block is "${text}"`);
  return valid({ family: address.family, bits, prefixLength, text });
}

function widthOf(family: 4 | 6): 32 | 128 {
  return family === 4 ? 32 : 128;
}

function createAddress(family: 4 | 6, bits: bigint): IpAddress {
  if (family === 6 && bits >> 32n === mappedPrefix) return createAddress(4, bits & 0xffffffffn);
  return { family, bits, text: family === 4 ? formatIpv4(bits) : formatIpv6(bits) };
}

function readIpv4(text: string): bigint | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let bits = 0n;
  for (const part of match.slice(1)) {
    // A leading zero means octal to some resolvers and decimal to others.
    if (Number(part) > 255 || (part.length > 1 && part.startsWith("0"))) return undefined;
    bits = (bits << 8n) | BigInt(part);
  }
  return bits;
}

function readIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [headText = "", tailText] = halves;
  const head = readGroups(headText, tailText === undefined ? "last" : "first");
  const tail = tailText === undefined ? [] : readGroups(tailText, "last");
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // "::" stands for at least one group of zeros.
  if (tailText === undefined ? missing !== 0 : missing < 1) return undefined;
  let bits = 0n;
  for (const group of [...head, ...new Array<number>(missing).fill(0), ...tail]) {
    bits = (bits << 16n) | BigInt(group);
  }
  return bits;
}

/** Dotted decimal may only end an address: hence `part`, which half of the text this is. */
function readGroups(text: string, part: "first" | "last"): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const pieces = text.split(":");
  for (const [index, piece] of pieces.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(piece)) {
      groups.push(Number.parseInt(piece, 16));
      continue;
    }
    const bits = part === "last" && index === pieces.length - 1 ? readIpv4(piece) : undefined;
    if (bits === undefined) return undefined;
    groups.push(Number(bits >> 16n), Number(bits & 0xffffn));
  }
  return groups;
}

function formatIpv4(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join(".");
}

/** RFC 5952: lower case, no leading zeros, `::` for the first longest run of at least two zero groups. */
function formatIpv6(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    Number((bits >> BigInt(112 - 16 * index)) & 0xffffn),
  );
  let runStart = 0;
  let runLength = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > runLength) {
      runStart = start;
      runLength = end - start;
    }
  }
  const texts = groups.map((group) => group.toString(16));
  if (runLength < 2) return texts.join(":");
  return `${texts.slice(0, runStart).join(":")}::${texts.slice(runStart + runLength).join(":")}`;
}
