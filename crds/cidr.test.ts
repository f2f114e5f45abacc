/** Addresses and blocks: strict reading, one text each, containment. */
import t from "tap";
import { containsCidr, parseAddress, parseCidr, readAddress, readCidr } from "./cidr.ts";

for (const [text, canonical] of [
  ["0.0.0.0", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.255"],
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["0001:0002:3::", "1:2:3::"],
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["::ffff:10.0.0.1", "10.0.0.1"],
  ["::FFFF:0a00:0001", "10.0.0.1"],
  ["0:0:0:0:0:ffff:10.0.0.1", "10.0.0.1"],
  ["::10.0.0.1", "::a00:1"],
] as const) {
  t.test(`parseAddress() writes ${text} as ${canonical}`, (t) => {
    const address = parseAddress(text);
    t.equal(address.text, canonical);
    t.equal(address.family, canonical.includes(":") ? 6 : 4);
    t.strictSame(parseAddress(canonical), address);
    t.end();
  });
}

for (const text of [
  "",
  "1",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.",
  ".1.2.3",
  "256.1.1.1",
  "1.2.3.256",
  "01.2.3.4",
  "1.2.3.04",
  "00.0.0.0",
  "0x7f.0.0.1",
  "1.2.3.4 ",
  " 1.2.3.4",
  "+1.2.3.4",
  "1.2.3.-4",
  "1e1.2.3.4",
  "2130706433",
  "१.2.3.4",
  "localhost",
]) {
  t.test(`readAddress() refuses "${text}"`, (t) => {
    t.strictSame(readAddress(text), { kind: "invalid", detail: "not four numbers from 0 to 255" });
    t.end();
  });
}

for (const text of [
  ":",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "::1:2:3:4:5:6:7:8",
  "1:2:3:4:5:6:7:8::",
  "12345::",
  "g::",
  "1:::2",
  ":1::2",
  "1::2:",
  "1.2.3.4::",
  "::1.2.3.4:5",
  "1:2:3:4:5:6:7:1.2.3.4",
  "::1.2.3.256",
  "::01.2.3.4",
  ":1",
]) {
  t.test(`readAddress() refuses "${text}"`, (t) => {
    t.strictSame(readAddress(text), { kind: "invalid", detail: "malformed IPv6 address" });
    t.end();
  });
}

t.test("readAddress() refuses zones and brackets with a reason", (t) => {
  t.strictSame(readAddress("fe80::1%eth0"), { kind: "invalid", detail: "a zone is not allowed" });
  t.strictSame(readAddress("[::1]"), { kind: "invalid", detail: "brackets are not allowed" });
  t.end();
});

for (const [text, canonical] of [
  ["10.0.0.0/8", "10.0.0.0/8"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["192.0.2.1/32", "192.0.2.1/32"],
  ["::/0", "::/0"],
  ["2001:DB8::/32", "2001:db8::/32"],
  ["::1/128", "::1/128"],
  ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
  ["::ffff:0:0/96", "0.0.0.0/0"],
  ["64:ff9b::/96", "64:ff9b::/96"],
] as const) {
  t.test(`parseCidr() writes ${text} as ${canonical}`, (t) => {
    t.equal(parseCidr(text).text, canonical);
    t.strictSame(parseCidr(canonical), parseCidr(text));
    t.end();
  });
}

for (const [text, detail] of [
  ["10.0.0.0", 'no prefix length; for one address write "10.0.0.0/32"'],
  ["::1", 'no prefix length; for one address write "::1/128"'],
  ["10.0.0.1/8", 'bits after the prefix are set; the block is "10.0.0.0/8"'],
  ["2001:db8::1/32", 'bits after the prefix are set; the block is "2001:db8::/32"'],
  ["::ffff:10.0.0.1/104", 'bits after the prefix are set; the block is "10.0.0.0/8"'],
  ["::ffff:10.0.0.0/8", "an IPv4-mapped block needs a prefix length of at least 96"],
  ["10.0.0.0/33", "prefix length is not a number from 0 to 32"],
  ["10.0.0.0/", "prefix length is not a number from 0 to 32"],
  ["10.0.0.0/08", "prefix length is not a number from 0 to 32"],
  ["10.0.0.0/-1", "prefix length is not a number from 0 to 32"],
  ["10.0.0.0/8/8", "prefix length is not a number from 0 to 32"],
  ["10.0.0.0/255.0.0.0", "prefix length is not a number from 0 to 32"],
  ["10.0.0.0/ 8", "prefix length is not a number from 0 to 32"],
  ["::/129", "prefix length is not a number from 0 to 128"],
  ["10.0.0/8", "not four numbers from 0 to 255"],
  ["/8", "not four numbers from 0 to 255"],
  ["", "not four numbers from 0 to 255"],
  ["x::/8", "malformed IPv6 address"],
  ["fe80::%1/64", "a zone is not allowed"],
] as const) {
  t.test(`readCidr() refuses "${text}"`, (t) => {
    t.strictSame(readCidr(text), { kind: "invalid", detail });
    t.end();
  });
}

for (const [outer, inner, expected] of [
  ["10.0.0.0/8", "10.255.255.255", true],
  ["10.0.0.0/8", "11.0.0.0", false],
  ["10.0.0.0/8", "9.255.255.255", false],
  ["10.0.0.0/8", "::ffff:10.1.2.3", true],
  ["::ffff:10.0.0.0/104", "10.1.2.3", true],
  ["0.0.0.0/0", "255.255.255.255", true],
  ["0.0.0.0/0", "::1", false],
  ["::/0", "2001:db8::1", true],
  ["::/0", "10.0.0.1", false],
  ["::/0", "::ffff:10.0.0.1", false],
  ["fe80::/10", "febf::1", true],
  ["fe80::/10", "fec0::", false],
  ["192.0.2.7/32", "192.0.2.7", true],
  ["192.0.2.7/32", "192.0.2.6", false],
] as const) {
  t.test(`containsCidr() says ${expected} for ${inner} in ${outer}`, (t) => {
    t.equal(containsCidr(parseCidr(outer), parseAddress(inner)), expected);
    t.end();
  });
}

t.test("containsCidr() compares blocks, of which the inner may not be wider", (t) => {
  const within = (outer: string, inner: string) => containsCidr(parseCidr(outer), parseCidr(inner));
  t.ok(within("10.0.0.0/8", "10.0.0.0/8"));
  t.ok(within("10.0.0.0/8", "10.1.0.0/16"));
  t.notOk(within("10.1.0.0/16", "10.0.0.0/8"));
  t.notOk(within("10.0.0.0/8", "0.0.0.0/0"));
  t.notOk(within("10.0.0.0/8", "11.0.0.0/16"));
  t.notOk(within("::/0", "0.0.0.0/0"));
  t.end();
});

t.test("parseCidr() and parseAddress() throw on what was never validated", (t) => {
  t.throws(
    () => parseCidr("10/8"),
    new RangeError('Cannot parse CIDR "10/8": not four numbers from 0 to 255'),
  );
  t.throws(
    () => parseAddress("x"),
    new RangeError('Cannot parse IP address "x": not four numbers from 0 to 255'),
  );
  t.end();
});

t.test("parseAddress() gives back its own text, for any address", (t) => {
  let seed = 1n;
  for (let round = 0; round < 300; round++) {
    seed = (seed * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) % (1n << 128n);
    const groups = Array.from({ length: 8 }, (_, index) => (seed >> BigInt(index * 16)) & 0xffffn);
    const sparse = groups.map((group, index) => ((round >> index) & 1 ? 0n : group).toString(16));
    const address = parseAddress(sparse.join(":"));
    t.strictSame(parseAddress(address.text), address);
  }
  t.end();
});
