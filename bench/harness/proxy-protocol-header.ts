/**
 * Encodes PROXY protocol v2 headers as a worker sends them in front of a captured connection, and the
 * malformed ones that a listener must refuse. Pure: addresses in, bytes out.
 * https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt
 */
import { isIPv4 } from "node:net";
import { ipAddressBytes } from "./ip-address-bytes.ts";

const SIGNATURE = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10);
const VERSION_2_PROXY = 0x21;
const VERSION_2_LOCAL = 0x20;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
const IPV4_MAPPED_PREFIX = Buffer.from("00000000000000000000ffff", "hex");
const MAX_PAYLOAD_BYTES = 65_535;

/** Type bytes of the values that say who calls and where to. */
export const identityTlv = {
  agentKind: 0xe0,
  agentNamespace: 0xe1,
  agentName: 0xe2,
  agentUid: 0xe3,
  agentRevision: 0xe4,
  invocationId: 0xe5,
  destinationName: 0xe6,
} as const;

/** An IP address literal with its TCP port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Who calls, as TLVs; what is absent is not sent, what is an empty string is sent with length 0. */
export interface CallerIdentity {
  /** A string is sent as text, a number as one raw byte (0 daemon, 1 task) */
  readonly agentKind?: string | number;
  readonly agentNamespace?: string;
  readonly agentName?: string;
  readonly agentUid?: string;
  readonly agentRevision?: string;
  readonly invocationId?: string;
  readonly destinationName?: string;
}

/** One TLV as raw bytes. */
export interface Tlv {
  readonly type: number;
  readonly value: Uint8Array;
}

/** Everything one header says. */
export interface ProxyHeader {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly identity?: CallerIdentity;
  /** Sent after the identity, as given */
  readonly extraTlvs?: readonly Tlv[];
}

/**
 * Ways to be wrong: `bad-signature` one byte of it flipped; `truncated` the last byte missing; `length-too-long`
 * the length field one more than what follows; `length-too-short` shorter than the address block; `tlv-overrun` the last
 * TLV claims more than there is; `version-1` the v1 text line; `bad-version` version nibble 3; `bad-family` UNIX socket
 * family; `mixed-families` IPv4 block under the IPv6 family byte.
 */
export const malformations = [
  "bad-signature",
  "truncated",
  "length-too-long",
  "length-too-short",
  "tlv-overrun",
  "version-1",
  "bad-version",
  "bad-family",
  "mixed-families",
] as const;

/** Name of one way to be wrong. */
export type Malformation = (typeof malformations)[number];

/**
 * Bytes of a v2 PROXY header for TCP. Both addresses must be of one family; an IPv4-mapped IPv6 address counts
 * as IPv4. Throws RangeError for mixed families, a bad address or port, a TLV type that is no byte, or a payload over 65,535 bytes.
 */
export function encodeProxyHeader(header: ProxyHeader): Buffer {
  const source = toAddress(header.source);
  const destination = toAddress(header.destination);
  if (source.length !== destination.length) {
    throw new RangeError(
      `Cannot encode PROXY header: source "${header.source.address}" and destination "${header.destination.address}" are of different families`,
    );
  }
  const family = source.length === 4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6;
  const payload = Buffer.concat([
    source,
    destination,
    toPort(header.source.port),
    toPort(header.destination.port),
    ...identityTlvs(header.identity ?? {}).map(encodeTlv),
    ...(header.extraTlvs ?? []).map(encodeTlv),
  ]);
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new RangeError(
      `Cannot encode PROXY header: payload has ${payload.length} bytes, at most ${MAX_PAYLOAD_BYTES} fit`,
    );
  }
  return frame(VERSION_2_PROXY, family, payload);
}

/** Bytes of a v2 LOCAL header (a health check by the proxy itself): no addresses, the receiver uses the real ones. */
export function encodeLocalHeader(): Buffer {
  return frame(VERSION_2_LOCAL, 0, Buffer.alloc(0));
}

/** The bytes of `header` spoilt in one way; what is sent after them is up to the caller. */
export function encodeMalformedHeader(header: ProxyHeader, malformation: Malformation): Buffer {
  const bytes = encodeProxyHeader(header);
  switch (malformation) {
    case "bad-signature":
      bytes[11] = 0x0b;
      return bytes;
    case "truncated":
      return bytes.subarray(0, bytes.length - 1);
    case "length-too-long":
      bytes.writeUInt16BE(bytes.readUInt16BE(14) + 1, 14);
      return bytes;
    case "length-too-short":
      bytes.writeUInt16BE(4, 14);
      return bytes.subarray(0, 20);
    case "tlv-overrun":
      return overrun(bytes);
    case "version-1":
      return Buffer.from(versionOneLine(header), "latin1");
    case "bad-version":
      bytes[12] = 0x31;
      return bytes;
    case "bad-family":
      bytes[13] = 0x31;
      return bytes;
    case "mixed-families":
      return frame(VERSION_2_PROXY, TCP_OVER_IPV6, Buffer.from("7f0000017f00000100010002", "hex"));
    default:
      return assertNever(malformation);
  }
}

function frame(versionAndCommand: number, family: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(16);
  head.set(SIGNATURE);
  head[12] = versionAndCommand;
  head[13] = family;
  head.writeUInt16BE(payload.length, 14);
  return Buffer.concat([head, payload]);
}

function overrun(bytes: Buffer): Buffer {
  const tail = Buffer.from([0xef, 0x00, 0x05, 0x61]);
  const result = Buffer.concat([bytes, tail]);
  result.writeUInt16BE(result.length - 16, 14);
  return result;
}

function versionOneLine({ source, destination }: ProxyHeader): string {
  const family = isIPv4(source.address) ? "TCP4" : "TCP6";
  return `PROXY ${family} ${source.address} ${destination.address} ${source.port} ${destination.port}\r\n`;
}

function identityTlvs(identity: CallerIdentity): Tlv[] {
  const result: Tlv[] = [];
  const fields: [number, string | number | undefined][] = [
    [identityTlv.agentKind, identity.agentKind],
    [identityTlv.agentNamespace, identity.agentNamespace],
    [identityTlv.agentName, identity.agentName],
    [identityTlv.agentUid, identity.agentUid],
    [identityTlv.agentRevision, identity.agentRevision],
    [identityTlv.invocationId, identity.invocationId],
    [identityTlv.destinationName, identity.destinationName],
  ];
  for (const [type, value] of fields) {
    if (value === undefined) continue;
    const bytes = typeof value === "number" ? Uint8Array.of(value) : Buffer.from(value, "utf8");
    result.push({ type, value: bytes });
  }
  return result;
}

function encodeTlv({ type, value }: Tlv): Buffer {
  if (!Number.isInteger(type) || type < 0 || type > 255) {
    throw new RangeError(`Cannot encode TLV: type ${type} is not a byte`);
  }
  if (value.length > MAX_PAYLOAD_BYTES) {
    throw new RangeError(
      `Cannot encode TLV: value has ${value.length} bytes, at most ${MAX_PAYLOAD_BYTES} fit`,
    );
  }
  return Buffer.concat([Uint8Array.of(type, value.length >> 8, value.length & 0xff), value]);
}

function toPort(port: number): Buffer {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`Cannot encode PROXY header: port ${port} is not in 0 to 65535`);
  }
  return Buffer.from([port >> 8, port & 0xff]);
}

function toAddress({ address }: Endpoint): Buffer {
  const bytes = ipAddressBytes(address);
  const mapped = bytes.length === 16 && bytes.subarray(0, 12).equals(IPV4_MAPPED_PREFIX);
  return mapped ? bytes.subarray(12) : bytes;
}

function assertNever(value: never): never {
  throw new TypeError(`Cannot encode malformed header: unknown malformation "${String(value)}"`);
}
