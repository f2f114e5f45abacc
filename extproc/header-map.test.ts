/** Tests of header views: bytes that are no text, odd layouts, and views that are alive at the same time. */
import t from "tap";
import { HeaderMapView } from "./header-map.ts";
import { block, number } from "./testdata/wire-fields.ts";

function view(...fields: readonly Buffer[]): HeaderMapView {
  const bytes = Buffer.concat(fields);
  return new HeaderMapView(bytes, { start: 0, end: bytes.length, more: undefined });
}

const header = (name: string, value: string | Uint8Array) =>
  block(1, block(1, name), block(3, Buffer.from(value)));

const layouts: ReadonlyArray<{ name: string; fields: readonly Buffer[]; value: string }> = [
  { name: "raw_value", fields: [block(1, "x-a"), block(3, "1")], value: "1" },
  { name: "value", fields: [block(1, "x-a"), block(2, "1")], value: "1" },
  { name: "no value", fields: [block(1, "x-a")], value: "" },
  { name: "an empty raw_value", fields: [block(1, "x-a"), block(3)], value: "" },
  { name: "value before its name", fields: [block(3, "1"), block(1, "x-a")], value: "1" },
  { name: "both values", fields: [block(1, "x-a"), block(2, "1"), block(3, "2")], value: "1" },
  {
    name: "an empty value beside raw_value",
    fields: [block(1, "x-a"), block(2), block(3, "2")],
    value: "2",
  },
  {
    name: "two values",
    fields: [block(1, "x-a"), block(3, "1"), block(3, "2")],
    value: "2",
  },
  {
    name: "two names",
    fields: [block(1, "x-b"), block(3, "1"), block(1, "x-a")],
    value: "1",
  },
  {
    name: "an unknown field",
    fields: [block(1, "x-a"), number(9, 7), block(3, "1")],
    value: "1",
  },
  {
    name: "a value of 127 bytes",
    fields: [block(1, "x-a"), block(3, "v".repeat(127))],
    value: "v".repeat(127),
  },
  {
    name: "a header of 127 bytes",
    fields: [block(1, "x-a"), block(3, "v".repeat(120))],
    value: "v".repeat(120),
  },
  {
    name: "a header of 128 bytes",
    fields: [block(1, "x-a"), block(3, "v".repeat(121))],
    value: "v".repeat(121),
  },
  {
    name: "a value of 16 KiB",
    fields: [block(1, "x-a"), block(3, "v".repeat(16_384))],
    value: "v".repeat(16_384),
  },
];

for (const { name, fields, value } of layouts) {
  t.test(`find() and entries() read a header with ${name}`, async (t) => {
    const headers = view(header("x-first", "0"), block(1, ...fields), header("x-last", "9"));
    t.equal(headers.find("x-a"), value);
    t.equal(headers.find("x-last"), "9");
    t.strictSame(headers.entries(), [
      ["x-first", "0"],
      ["x-a", value],
      ["x-last", "9"],
    ]);
  });
}

t.test("find() gives the first of several and undefined for none", async (t) => {
  const headers = view(header("x-a", "1"), header("x-a", "2"), header("", "3"));
  t.equal(headers.find("x-a"), "1");
  t.equal(headers.find("x-b"), undefined);
  t.equal(headers.find("x-"), undefined);
  t.equal(headers.find("x-aa"), undefined);
  t.equal(headers.find(""), "3");
  t.equal(view().find(""), undefined);
});

const texts: ReadonlyArray<{ name: string; bytes: Uint8Array; text: string }> = [
  { name: "UTF-8", bytes: Buffer.from("grüße \u{1f600}"), text: "grüße \u{1f600}" },
  { name: "a byte order mark", bytes: Buffer.from("\ufeffx"), text: "\ufeffx" },
  { name: "a replacement character", bytes: Buffer.from("\ufffd"), text: "\ufffd" },
  { name: "Latin-1", bytes: Buffer.from("grüße", "latin1"), text: "grüße" },
  { name: "a cut character", bytes: Uint8Array.of(0x41, 0xe2, 0x82), text: "Aâ\u0082" },
  { name: "a surrogate", bytes: Uint8Array.of(0xed, 0xa0, 0x80), text: "í\u00a0\u0080" },
  { name: "an overlong form", bytes: Uint8Array.of(0xc0, 0xaf), text: "À¯" },
  { name: "a zero", bytes: Uint8Array.of(0x41, 0, 0x42), text: "A\u0000B" },
];

for (const { name, bytes, text } of texts) {
  t.test(`find() and entries() give a value that is ${name}`, async (t) => {
    const headers = view(header("x-a", bytes));
    t.equal(headers.find("x-a"), text);
    t.strictSame(headers.entries(), [["x-a", text]]);
  });
}

t.test("find() reads its own headers while other views are read", async (t) => {
  const one = view(header("x-a", "1"), header("x-b", "2"));
  const other = view(header("x-longer", "33"), header("x-b", "4"), header("x-a", "5"));
  t.equal(one.find("x-a"), "1");
  t.equal(other.find("x-a"), "5");
  t.equal(one.find("x-b"), "2");
  t.equal(other.find("x-longer"), "33");
  t.strictSame(one.entries(), [
    ["x-a", "1"],
    ["x-b", "2"],
  ]);
  t.strictSame(other.entries()[0], ["x-longer", "33"]);
});

t.test("find() reads its own headers after a message that could not be read", async (t) => {
  const headers = view(header("x-a", "1"));
  const cut = Buffer.concat([header("x-a", "2"), Buffer.from([0x0a, 9])]);
  t.throws(() => view(cut), { code: "CLRK_MALFORMED_MESSAGE" });
  t.equal(headers.find("x-a"), "1");
});

t.test("entries() follows the parts of a map in their order", async (t) => {
  const parts = [header("x-a", "1"), header("x-b", "2"), header("x-c", "3")];
  const bytes = Buffer.concat(parts);
  const size = bytes.length / 3;
  const range = (index: number) => ({ start: index * size, end: (index + 1) * size });
  const headers = new HeaderMapView(bytes, { ...range(1), more: [range(2), range(0)] });
  t.strictSame(
    headers.entries().map(([name]) => name),
    ["x-b", "x-c", "x-a"],
  );
  t.equal(headers.find("x-a"), "1");
});
