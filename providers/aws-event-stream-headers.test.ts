import t from "tap";
import type { EventStreamHeaderValue } from "./aws-event-stream-headers.ts";
import {
  decodeEventStreamHeaders,
  encodeEventStreamHeaders,
  maxEventStreamHeaderBytes,
} from "./aws-event-stream-headers.ts";

const values: readonly {
  readonly name: string;
  readonly header: EventStreamHeaderValue;
  readonly hex: string;
}[] = [
  { name: "true", header: { kind: "boolean", value: true }, hex: "00" },
  { name: "false", header: { kind: "boolean", value: false }, hex: "01" },
  { name: "a byte", header: { kind: "byte", value: -49 }, hex: "02cf" },
  { name: "a short", header: { kind: "short", value: -2 }, hex: "03fffe" },
  { name: "an integer", header: { kind: "integer", value: 40_972 }, hex: "040000a00c" },
  {
    name: "a long that no double holds",
    header: { kind: "long", value: -9_007_199_254_740_993n },
    hex: "05ffdfffffffffffff",
  },
  { name: "bytes", header: { kind: "bytes", value: Buffer.of(0, 255) }, hex: "06000200ff" },
  { name: "no bytes", header: { kind: "bytes", value: Buffer.alloc(0) }, hex: "060000" },
  { name: "a string", header: { kind: "string", value: "é" }, hex: "070002c3a9" },
  {
    name: "a timestamp",
    header: { kind: "timestamp", value: 8_675_309n },
    hex: "080000000000845fed",
  },
  {
    name: "a UUID",
    header: { kind: "uuid", value: "01020304-0506-0708-090a-0b0c0d0e0f10" },
    hex: "090102030405060708090a0b0c0d0e0f10",
  },
];

for (const { name, header, hex } of values) {
  const bytes = Buffer.from(`026162${hex}`, "hex");

  t.test(`encodeEventStreamHeaders() writes ${name}`, async (t) => {
    t.equal(encodeEventStreamHeaders(new Map([["ab", header]])).toString("hex"), `026162${hex}`);
  });

  t.test(`decodeEventStreamHeaders() reads ${name}`, async (t) => {
    const decoded = decodeEventStreamHeaders(bytes, 0, bytes.length);
    t.same(decoded, { kind: "ok", value: new Map([["ab", header]]) });
  });

  t.test(`decodeEventStreamHeaders() tells where ${name} is cut off`, async (t) => {
    for (let end = 1; end < bytes.length; end++) {
      const decoded = decodeEventStreamHeaders(bytes, 0, end);
      t.same(decoded, { kind: "malformed", reason: "the headers of a message are cut off" });
    }
  });
}

t.test("decodeEventStreamHeaders() reads many between others' bytes", async (t) => {
  const headers = new Map(values.map(({ name, header }) => [name, header]));
  const encoded = encodeEventStreamHeaders(headers);
  const bytes = Buffer.concat([Buffer.alloc(5), encoded, Buffer.alloc(5)]);
  const decoded = decodeEventStreamHeaders(bytes, 5, 5 + encoded.length);
  t.same(decoded, { kind: "ok", value: headers });
});

t.test("decodeEventStreamHeaders() knows no type beyond the UUID", async (t) => {
  for (const type of [10, 11, 127, 128, 255]) {
    const bytes = Buffer.of(1, 0x61, type, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    t.same(decodeEventStreamHeaders(bytes, 0, bytes.length), {
      kind: "malformed",
      reason: "a header of a message has an unknown type",
    });
  }
});

t.test("encodeEventStreamHeaders() raises a RangeError for what does not fit", async (t) => {
  const text: EventStreamHeaderValue = { kind: "string", value: "x" };
  const long: EventStreamHeaderValue = { kind: "string", value: "x".repeat(0x7fff) };
  const rows: readonly [name: string, value: EventStreamHeaderValue][] = [
    ["", text],
    ["n".repeat(256), text],
    ["a", { kind: "string", value: "x".repeat(0x8000) }],
    ["a", { kind: "byte", value: 128 }],
    ["a", { kind: "uuid", value: "0102" }],
  ];
  for (const row of rows) {
    t.throws(() => encodeEventStreamHeaders(new Map([row])), RangeError, row[0].slice(0, 9));
  }
  const many = Array.from({ length: 5 }, (_, index) => [`h${index}`, long] as const);
  t.throws(() => encodeEventStreamHeaders(new Map(many)), RangeError);
  const most = encodeEventStreamHeaders(new Map(many.slice(0, 3)));
  t.ok(most.length < maxEventStreamHeaderBytes);
});
