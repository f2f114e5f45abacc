import t from "tap";
import { ipAddressBytes } from "./ip-address-bytes.ts";

const cases = [
  ["127.0.0.1", "7f000001"],
  ["255.255.255.255", "ffffffff"],
  ["::", "00000000000000000000000000000000"],
  ["::1", "00000000000000000000000000000001"],
  ["2001:db8::", "20010db8000000000000000000000000"],
  ["2001:DB8:0:0:1:2:3:4", "20010db8000000000001000200030004"],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["::ffff:10.1.2.3", "00000000000000000000ffff0a010203"],
  ["64:ff9b::192.0.2.33", "0064ff9b0000000000000000c0000221"],
] as const;

for (const [address, hex] of cases) {
  t.test(`ipAddressBytes() encodes "${address}"`, async (test) => {
    test.equal(ipAddressBytes(address).toString("hex"), hex);
  });
}

t.test("ipAddressBytes() gives back each of 500 random IPv6 addresses", async (test) => {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return seed >> 8;
  };
  for (let round = 0; round < 500; round += 1) {
    const groups = Array.from({ length: 8 }, () => (random() % 3 === 0 ? 0 : random() & 0xffff));
    const bytes = ipAddressBytes(groups.map((group) => group.toString(16)).join(":"));
    const decoded = groups.map((_, index) => bytes.readUInt16BE(index * 2));
    if (decoded.join() !== groups.join()) test.same(decoded, groups);
  }
});

for (const address of [
  "",
  "localhost",
  "1.2.3",
  "1.2.3.256",
  "01.2.3.4",
  "::1%eth0",
  "[::1]",
  "::g",
  "1::2::3",
]) {
  t.test(`ipAddressBytes() rejects "${address}"`, async (test) => {
    test.throws(() => ipAddressBytes(address), {
      name: "RangeError",
      message: `Cannot encode IP address: "${address}" is not an IPv4 or IPv6 literal`,
    });
  });
}
