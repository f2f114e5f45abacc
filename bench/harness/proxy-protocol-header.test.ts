/** The encoder against a decoder written here from the protocol's text, over fixed and random headers. */
import t from "tap";
import {
  encodeLocalHeader,
  encodeMalformedHeader,
  encodeProxyHeader,
  identityTlv,
  malformations,
} from "./proxy-protocol-header.ts";
import type { ProxyHeader } from "./proxy-protocol-header.ts";

const signature = "0d0a0d0a000d0a515549540a";
const header: ProxyHeader = {
  source: { address: "10.0.0.2", port: 40_000 },
  destination: { address: "93.184.216.34", port: 443 },
  identity: { agentKind: "TaskAgent", agentName: "researcher" },
};

interface Decoded {
  family: number;
  source: string;
  destination: string;
  sourcePort: number;
  destinationPort: number;
  tlvs: [number, string][];
}

/** Throws for whatever a strict receiver refuses. */
function decode(bytes: Buffer): Decoded {
  if (bytes.toString("hex", 0, 12) !== signature) throw new Error("signature");
  if (bytes[12] !== 0x21) throw new Error("version or command");
  const family = bytes[13] ?? 0;
  if (family !== 0x11 && family !== 0x21) throw new Error("family");
  const size = family === 0x11 ? 4 : 16;
  const payload = bytes.subarray(16);
  if (payload.length !== bytes.readUInt16BE(14)) throw new Error("length");
  if (payload.length < size * 2 + 4) throw new Error("address block");
  const tlvs: [number, string][] = [];
  let at = size * 2 + 4;
  while (at < payload.length) {
    if (at + 3 > payload.length) throw new Error("tlv head");
    const length = payload.readUInt16BE(at + 1);
    if (at + 3 + length > payload.length) throw new Error("tlv overrun");
    tlvs.push([payload.readUInt8(at), payload.toString("hex", at + 3, at + 3 + length)]);
    at += 3 + length;
  }
  return {
    family,
    source: payload.toString("hex", 0, size),
    destination: payload.toString("hex", size, size * 2),
    sourcePort: payload.readUInt16BE(size * 2),
    destinationPort: payload.readUInt16BE(size * 2 + 2),
    tlvs,
  };
}

t.test("encodeProxyHeader() writes the documented bytes when given IPv4 and TLVs", async (test) => {
  const hex = encodeProxyHeader(header).toString("hex");
  const addresses = "0a000002" + "5db8d822" + "9c40" + "01bb";
  const tlvs = `e00009${Buffer.from("TaskAgent").toString("hex")}e2000a${Buffer.from("researcher").toString("hex")}`;
  test.equal(hex, `${signature}21110025${addresses}${tlvs}`);
});

t.test(
  "encodeProxyHeader() writes the agent kind as one raw byte when it is a number",
  async (test) => {
    const identity = { agentKind: 1, invocationId: "" };
    const { tlvs } = decode(encodeProxyHeader({ ...header, identity }));
    test.same(tlvs, [
      [0xe0, "01"],
      [0xe5, ""],
    ]);
  },
);

t.test("encodeProxyHeader() writes every identity field with its own type", async (test) => {
  const identity = {
    agentKind: "k",
    agentNamespace: "n",
    agentName: "a",
    agentUid: "u",
    agentRevision: "r",
    invocationId: "i",
    destinationName: "d",
  };
  const { tlvs } = decode(encodeProxyHeader({ ...header, identity }));
  test.same(
    tlvs.map(([type, hex]) => [type, Buffer.from(hex, "hex").toString()]),
    Object.entries(identity).map(([name, value], index) => {
      test.ok(name in identityTlv);
      return [0xe0 + index, value];
    }),
  );
});

t.test("encodeProxyHeader() writes IPv6, and IPv4 when the address is mapped", async (test) => {
  const six = {
    source: { address: "2001:db8::2", port: 1 },
    destination: { address: "::1", port: 2 },
  };
  test.match(decode(encodeProxyHeader(six)), {
    family: 0x21,
    source: "20010db8000000000000000000000002",
    destination: "00000000000000000000000000000001",
  });
  const mapped = {
    source: { address: "::ffff:10.0.0.2", port: 1 },
    destination: { address: "10.0.0.3", port: 2 },
  };
  test.match(decode(encodeProxyHeader(mapped)), { family: 0x11, source: "0a000002" });
});

t.test("encodeProxyHeader() is read back unchanged for 1,000 random headers", async (test) => {
  let seed = 42;
  const random = (limit: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return (seed >> 8) % limit;
  };
  for (let round = 0; round < 1_000; round += 1) {
    const four = random(2) === 0;
    const address = (): string =>
      Array.from({ length: four ? 4 : 8 }, () =>
        random(four ? 256 : 65_536).toString(four ? 10 : 16),
      ).join(four ? "." : ":");
    const source = { address: four ? address() : `2${address().slice(1)}`, port: random(65_536) };
    const destination = {
      address: four ? address() : `2${address().slice(1)}`,
      port: random(65_536),
    };
    const extraTlvs = Array.from({ length: random(6) }, () => ({
      type: random(256),
      value: Uint8Array.from({ length: random(300) }, () => random(256)),
    }));
    const decoded = decode(encodeProxyHeader({ source, destination, extraTlvs }));
    const expected = extraTlvs.map(({ type, value }) => [type, Buffer.from(value).toString("hex")]);
    const same =
      decoded.family === (four ? 0x11 : 0x21) &&
      decoded.sourcePort === source.port &&
      decoded.destinationPort === destination.port &&
      JSON.stringify(decoded.tlvs) === JSON.stringify(expected);
    if (!same) test.fail(`round ${round}: ${JSON.stringify({ source, destination, decoded })}`);
  }
});

t.test("encodeLocalHeader() has the LOCAL command and no payload", async (test) => {
  test.equal(encodeLocalHeader().toString("hex"), `${signature}20000000`);
});

for (const malformation of malformations) {
  t.test(
    `encodeMalformedHeader() is refused by a strict decoder when it is ${malformation}`,
    async (test) => {
      test.throws(() => decode(encodeMalformedHeader(header, malformation)));
      test.doesNotThrow(() => decode(encodeProxyHeader(header)), "the sound one is not");
    },
  );
}

t.test("encodeMalformedHeader() writes a version 1 line when asked for one", async (test) => {
  const line = encodeMalformedHeader(header, "version-1").toString();
  test.equal(line, "PROXY TCP4 10.0.0.2 93.184.216.34 40000 443\r\n");
});

const rejected = [
  {
    name: "mixed families",
    change: { source: { address: "::1", port: 1 } },
    message:
      'Cannot encode PROXY header: source "::1" and destination "93.184.216.34" are of different families',
  },
  {
    name: "a port over 65535",
    change: { source: { address: "10.0.0.2", port: 65_536 } },
    message: "Cannot encode PROXY header: port 65536 is not in 0 to 65535",
  },
  {
    name: "a host name",
    change: { source: { address: "localhost", port: 1 } },
    message: 'Cannot encode IP address: "localhost" is not an IPv4 or IPv6 literal',
  },
  {
    name: "a TLV type that is no byte",
    change: { extraTlvs: [{ type: 256, value: Buffer.alloc(0) }] },
    message: "Cannot encode TLV: type 256 is not a byte",
  },
  {
    name: "a TLV that is too long",
    change: { extraTlvs: [{ type: 1, value: Buffer.alloc(65_536) }] },
    message: "Cannot encode TLV: value has 65536 bytes, at most 65535 fit",
  },
  {
    name: "a payload that is too long",
    change: { identity: {}, extraTlvs: [{ type: 1, value: Buffer.alloc(65_535) }] },
    message: "Cannot encode PROXY header: payload has 65550 bytes, at most 65535 fit",
  },
];

for (const { name, change, message } of rejected) {
  t.test(`encodeProxyHeader() rejects ${name}`, async (test) => {
    test.throws(() => encodeProxyHeader({ ...header, ...change }), { name: "RangeError", message });
  });
}
