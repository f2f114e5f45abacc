/** IP address literals to network-order bytes, as PROXY headers and certificate SANs carry them. */
import { isIPv4, isIPv6, SocketAddress } from "node:net";

/** 4 or 16 bytes of an IP literal. Throws RangeError for anything else, a zone (`%eth0`) included. */
export function ipAddressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  if (!isIPv6(address) || address.includes("%")) {
    throw new RangeError(`Cannot encode IP address: "${address}" is not an IPv4 or IPv6 literal`);
  }
  const [head = "", tail] = withoutDottedTail(address).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const middle = new Array<string>(8 - left.length - right.length).fill("0");
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...left, ...middle, ...right].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  }
  return bytes;
}

function withoutDottedTail(address: string): string {
  // SocketAddress normalises but keeps a dotted IPv4 tail, which is two groups.
  const normal = new SocketAddress({ address, family: "ipv6" }).address;
  const at = normal.lastIndexOf(":") + 1;
  const dotted = normal.slice(at);
  if (!isIPv4(dotted)) return normal;
  const bytes = Buffer.from(dotted.split(".").map(Number));
  return `${normal.slice(0, at)}${bytes.readUInt16BE(0).toString(16)}:${bytes.readUInt16BE(2).toString(16)}`;
}
