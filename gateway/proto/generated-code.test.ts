/** Tests what the rest of the gateway relies on in the modules of gen/: presence, 64-bit numbers, hostile input. */
import protobuf from "protobufjs/minimal.js";
import t from "tap";
import { envoy as accesslog } from "./gen/accesslog.js";
import { envoy as discovery } from "./gen/discovery.js";
import { opentelemetry } from "./gen/otlp.js";
import { envoy, google } from "./gen/xds.js";

const { HTTPRequestProperties, HTTPAccessLogEntry } = accesslog.data.accesslog.v3;
const { DeltaDiscoveryRequest } = discovery.service.discovery.v3;
const { AnyValue } = opentelemetry.proto.common.v1;
const { LogRecord } = opentelemetry.proto.logs.v1;
const { Listener } = envoy.config.listener.v3;
const { Struct, Duration } = google.protobuf;

t.test("encode() of a plain object leaves null, undefined and defaults out", async (t) => {
  const bytes = Listener.encode({
    name: "",
    address: null,
    statPrefix: undefined,
    filterChains: [],
  });
  t.equal(bytes.finish().length, 0);
});

t.test("encode() of an object without prototype works", async (t) => {
  const input = Object.assign(Object.create(null), { name: "egress" });
  t.equal(Listener.decode(Listener.encode(input).finish()).name, "egress");
});

t.test("encode() keeps a member of a oneof and a wrapper that hold the default", async (t) => {
  const { DataSource } = envoy.config.core.v3;
  const { UInt32Value } = google.protobuf;
  const source = DataSource.decode(DataSource.encode({ inlineString: "" }).finish());
  t.equal(source.specifier, "inlineString");
  const options = envoy.config.core.v3.Http2ProtocolOptions;
  const decoded = options.decode(options.encode({ maxConcurrentStreams: { value: 0 } }).finish());
  t.ok(decoded.maxConcurrentStreams instanceof UInt32Value);
  t.equal(decoded.hpackTableSize, null);
});

t.test("decode() of no bytes yields the defaults", async (t) => {
  const entry = HTTPAccessLogEntry.decode(new Uint8Array());
  t.equal(entry.commonProperties, null);
  t.equal(entry.protocolVersion, 0);
  const request = HTTPRequestProperties.decode(new Uint8Array());
  t.same([request.path, request.requestBodyBytes], ["", 0]);
  t.same(Object.keys(request.requestHeaders), []);
});

const integers: ReadonlyArray<{ name: string; value: number }> = [
  { name: "zero", value: 0 },
  { name: "one", value: 1 },
  { name: "2^32 - 1", value: 2 ** 32 - 1 },
  { name: "2^32", value: 2 ** 32 },
  { name: "2^53 - 1", value: Number.MAX_SAFE_INTEGER },
];

for (const { name, value } of integers) {
  t.test(`uint64 fields are numbers for ${name}`, async (t) => {
    const bytes = HTTPRequestProperties.encode({ requestBodyBytes: value }).finish();
    t.equal(HTTPRequestProperties.decode(bytes).requestBodyBytes, value);
  });

  t.test(`int64 fields are numbers for minus ${name}`, async (t) => {
    const bytes = Duration.encode({ seconds: -value }).finish();
    // A zero is left out on the wire, whatever its sign.
    t.equal(Duration.decode(bytes).seconds, value === 0 ? 0 : -value);
  });
}

const nanoseconds: ReadonlyArray<{ name: string; value: bigint }> = [
  { name: "zero", value: 0n },
  { name: "one", value: 1n },
  { name: "a time of today", value: 1_795_000_000_123_456_789n },
  { name: "2^32 exactly", value: 1n << 32n },
  { name: "the largest", value: (1n << 64n) - 1n },
];

for (const { name, value } of nanoseconds) {
  t.test(`fixed64 fields are exact bigints for ${name}`, async (t) => {
    const bytes = LogRecord.encode({ timeUnixNano: value }).finish();
    t.equal(bytes.length, value === 0n ? 0 : 9);
    t.equal(LogRecord.decode(bytes).timeUnixNano, value);
  });
}

for (const value of [
  0n,
  7n,
  -7n,
  (1n << 53n) + 1n,
  -(1n << 53n) - 1n,
  (1n << 63n) - 1n,
  -(1n << 63n),
]) {
  t.test(`whole numbers in attributes keep all digits: ${value}`, async (t) => {
    const { intValue } = AnyValue.decode(AnyValue.encode({ intValue: value }).finish());
    t.equal(BigInt(intValue ?? 1), value);
    t.equal(typeof intValue, value > 2n ** 53n || value < -(2n ** 53n) ? "bigint" : "number");
  });
}

t.test("fixed64 is little-endian on the wire", async (t) => {
  const bytes = LogRecord.encode({ timeUnixNano: 0x0102030405060708n }).finish();
  t.equal(Buffer.from(bytes).toString("hex"), "090807060504030201");
});

t.test("a map keeps keys that are names of Object.prototype", async (t) => {
  const keys = ["__proto__", "constructor", "toString"];
  const entries = keys.map((key): [string, string] => [key, `value of ${key}`]);
  const bytes = HTTPRequestProperties.encode({
    requestHeaders: Object.fromEntries(entries),
  }).finish();
  const { requestHeaders } = HTTPRequestProperties.decode(bytes);
  t.same(Object.entries(requestHeaders).sort(), entries.sort());
});

t.test(
  "a map has no prototype, so that a look-up by a name from outside finds only entries",
  async (t) => {
    for (const bytes of [
      new Uint8Array(),
      HTTPRequestProperties.encode({ requestHeaders: { a: "b" } }).finish(),
    ]) {
      const { requestHeaders } = HTTPRequestProperties.decode(bytes);
      t.equal(Object.getPrototypeOf(requestHeaders), null);
      t.equal(requestHeaders["constructor"], undefined);
    }
  },
);

t.test(
  "a string that is not UTF-8 decodes with U+FFFD instead of failing the message",
  async (t) => {
    const bytes = protobuf.Writer.create()
      .uint32(26)
      .bytes(Buffer.from("a\xffb", "latin1"))
      .finish();
    t.same(DeltaDiscoveryRequest.decode(Buffer.from(bytes)).resourceNamesSubscribe, ["a\ufffdb"]);
    t.same(DeltaDiscoveryRequest.decode(new Uint8Array(bytes)).resourceNamesSubscribe, [
      "a\ufffdb",
    ]);
  },
);

const rejected: ReadonlyArray<{ name: string; hex: string }> = [
  { name: "a tag cut off", hex: "80" },
  { name: "a length past the end", hex: "0a05ab" },
  { name: "a nested length past the end", hex: "12030a05ab" },
  { name: "field number 0", hex: "0000" },
  { name: "an unknown wire type", hex: "0f" },
  { name: "a group that never ends", hex: "0b" },
  { name: "a varint of eleven bytes", hex: "f80680808080808080808080" },
];

for (const { name, hex } of rejected) {
  t.test(`decode() throws for ${name}`, async (t) => {
    t.throws(() => Listener.decode(Buffer.from(hex, "hex")), Error);
  });
}

t.test("decode() throws for messages nested without end", async (t) => {
  let bytes: Uint8Array = new Uint8Array();
  for (let depth = 0; depth < 200; depth += 1) {
    // Struct.fields["x"] = Value{struct_value: …}
    const value = protobuf.Writer.create().uint32(42).bytes(bytes).finish();
    const entry = protobuf.Writer.create().uint32(10).string("x").uint32(18).bytes(value).finish();
    bytes = protobuf.Writer.create().uint32(10).bytes(entry).finish();
  }
  t.throws(() => Struct.decode(bytes), { message: "max depth exceeded" });
});

t.test(
  "modules do not share classes, so that a pruned one cannot replace a whole one",
  async (t) => {
    t.not(accesslog.config.core.v3.Address, envoy.config.core.v3.Address);
    t.equal(new accesslog.config.core.v3.Address().constructor, accesslog.config.core.v3.Address);
  },
);
