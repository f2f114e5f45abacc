/** Checks the guard against the addresses it is there for, by an address arithmetic of its own. */
import t from "tap";
import { createAddressGuard } from "./address-guard.ts";

/** Sixteen bytes; IPv4 only where the text is dotted, so that an embedded form is never taken for IPv4. */
function bytesOf(address: string): number[] {
  if (!address.includes(":")) return address.split(".").map(Number);
  const [head = "", tail] = address.split("::");
  const groups = (text: string) =>
    text === ""
      ? []
      : text.split(":").flatMap((group) => {
          if (group.includes(".")) return group.split(".").map(Number);
          const value = Number.parseInt(group, 16);
          return [value >> 8, value & 0xff];
        });
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  return [...first, ...new Array<number>(16 - first.length - last.length).fill(0), ...last];
}

function isRefused(address: string, ranges: readonly string[]): boolean {
  const bytes = bytesOf(address);
  return ranges.some((range) => {
    const [start = "", length = ""] = range.split("/");
    const prefix = bytesOf(start);
    if (prefix.length !== bytes.length) return false;
    const bits = (list: readonly number[]) =>
      list
        .map((byte) => byte.toString(2).padStart(8, "0"))
        .join("")
        .slice(0, Number(length));
    return bits(prefix) === bits(bytes);
  });
}

const own = ["203.0.113.9", "2001:db8::9", "10.1.1.1", "::1"];
const { ranges } = createAddressGuard(own);

const refused = [
  ["loopback", "127.0.0.1"],
  ["all of loopback", "127.255.255.254"],
  ["unspecified", "0.0.0.0"],
  ["this network", "0.1.2.3"],
  ["private 10", "10.0.0.1"],
  ["private 172.16", "172.16.0.1"],
  ["end of private 172.16", "172.31.255.255"],
  ["private 192.168", "192.168.1.1"],
  ["link-local metadata", "169.254.169.254"],
  ["container credentials", "169.254.170.2"],
  ["Alibaba metadata", "100.100.100.200"],
  ["carrier-grade NAT", "100.64.0.1"],
  ["end of carrier-grade NAT", "100.127.255.255"],
  ["protocol assignments", "192.0.0.192"],
  ["benchmarking", "198.19.255.255"],
  ["multicast", "224.0.0.1"],
  ["reserved", "240.0.0.1"],
  ["broadcast", "255.255.255.255"],
  ["own IPv4", "203.0.113.9"],
  ["own IPv6", "2001:db8::9"],
  ["IPv6 loopback", "::1"],
  ["IPv6 unspecified", "::"],
  ["IPv6 link-local", "fe80::1"],
  ["end of IPv6 link-local", "febf::1"],
  ["site-local", "fec0::1"],
  ["unique local", "fd12:3456::1"],
  ["IPv6 metadata", "fd00:ec2::254"],
  ["IPv6 multicast", "ff02::1"],
  ["mapped loopback", "::ffff:127.0.0.1"],
  ["mapped private", "::ffff:10.2.3.4"],
  ["mapped metadata", "::ffff:169.254.169.254"],
  ["mapped own", "::ffff:203.0.113.9"],
  ["compatible loopback", "::127.0.0.1"],
  ["compatible metadata", "::169.254.169.254"],
  ["translated private", "::ffff:0:192.168.0.1"],
  ["NAT64 loopback", "64:ff9b::127.0.0.1"],
  ["NAT64 metadata", "64:ff9b::169.254.169.254"],
  ["NAT64 own", "64:ff9b::203.0.113.9"],
  ["local NAT64", "64:ff9b:1::10.0.0.1"],
  ["local NAT64 of any address", "64:ff9b:1:abcd::8.8.8.8"],
  ["6to4 private", "2002:0a00:0001::1"],
  ["6to4 loopback", "2002:7f00:0001:1234::5"],
  ["6to4 metadata", "2002:a9fe:a9fe::"],
  ["6to4 own", "2002:cb00:7109::1"],
  ["Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
] as const;

const passed = [
  ["public", "8.8.8.8"],
  ["before private 10", "9.255.255.255"],
  ["after private 10", "11.0.0.0"],
  ["before carrier-grade NAT", "100.63.255.255"],
  ["after carrier-grade NAT", "100.128.0.0"],
  ["after private 172.16", "172.32.0.1"],
  ["before link-local", "169.253.255.255"],
  ["after protocol assignments", "192.0.1.1"],
  ["after benchmarking", "198.20.0.1"],
  ["before multicast", "223.255.255.255"],
  ["documentation", "203.0.113.10"],
  ["public IPv6", "2606:4700::1111"],
  ["after Teredo", "2001:1::1"],
  ["neighbour of own IPv6", "2001:db8::a"],
  ["mapped public", "::ffff:8.8.8.8"],
  ["NAT64 public", "64:ff9b::8.8.8.8"],
  ["after local NAT64", "64:ff9b:2::1"],
  ["6to4 public", "2002:0808:0808::1"],
  ["before unique local", "fbff::1"],
] as const;

for (const [name, address] of refused) {
  t.test(`createAddressGuard() refuses ${name}`, async (t) => {
    t.ok(isRefused(address, ranges), address);
  });
}

for (const [name, address] of passed) {
  t.test(`createAddressGuard() passes ${name}`, async (t) => {
    t.notOk(isRefused(address, ranges), address);
  });
}

t.test(
  "createAddressGuard() gives the same ranges whatever the order of own addresses",
  async (t) => {
    t.same(createAddressGuard(own.toReversed()).ranges, ranges);
  },
);

t.test("createAddressGuard() names no range twice", async (t) => {
  t.equal(new Set(ranges).size, ranges.length);
  t.notOk(ranges.includes("10.1.1.1/32"), "an own address inside a range needs none of its own");
});

t.test("createAddressGuard() throws when an own address is none", async (t) => {
  t.throws(() => createAddressGuard(["fe80::1%eth0"]), {
    message: 'Cannot parse IP address "fe80::1%eth0": a zone is not allowed',
  });
});

t.test("covers() tells whether a rule names guarded addresses only", async (t) => {
  const guard = createAddressGuard(own);
  const cases: [string, boolean][] = [
    ["10.0.0.0/8", true],
    ["10.1.2.0/24", true],
    ["169.254.169.254/32", true],
    ["203.0.113.9/32", true],
    ["fd00::/8", true],
    ["::ffff:10.0.0.0/104", true],
    ["64:ff9b::a00:0/104", true],
    ["2002:a00::/24", true],
    ["8.8.8.0/24", false],
    ["0.0.0.0/0", false],
    ["8.0.0.0/6", false],
    ["::/0", false],
  ];
  for (const [cidr, expected] of cases) t.equal(guard.covers(cidr), expected, cidr);
});

t.test("covers() throws when the text is no CIDR", async (t) => {
  t.throws(() => createAddressGuard([]).covers("10.0.0.0/33"), {
    message: 'Cannot parse CIDR "10.0.0.0/33": prefix length is not a number from 0 to 32',
  });
});
