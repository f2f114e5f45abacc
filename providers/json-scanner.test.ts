/** Tests of the scanner, mostly by comparing it with JSON.parse. */
import t from "tap";
import type { Test } from "tap";
import { JsonScanner } from "./json-scanner.ts";
import { compileShape } from "./json-shape.ts";
import type { FoundValue } from "./json-value.ts";
import { randomPieces, seededRandom } from "./testdata/seeded-random.ts";

const paths = ["model", "stream", "usage.in", "usage.more.out", "choices[].end", "choices[].index"];
const slotCount = paths.length + 1;
const shape = compileShape([
  ...paths.map((path, slot) => ({ path, slot, as: "value" }) as const),
  { path: "choices[].delta.text", slot: paths.length, as: "presence" },
]);

interface Scan {
  readonly values: FoundValue[];
  /** End and index of each choice */
  readonly choices: FoundValue[][];
  readonly state: "open" | "complete" | "malformed";
}

function scan(pieces: Iterable<Buffer>): Scan {
  const choices: FoundValue[][] = [];
  const scanner = new JsonScanner(shape, slotCount, {
    onElement: () => choices.push(scanner.values.slice(4, 6)),
  });
  for (const piece of pieces) scanner.write(piece, 0, piece.length);
  const { isComplete, isMalformed, values } = scanner;
  return { values, choices, state: isComplete ? "complete" : isMalformed ? "malformed" : "open" };
}

/** Scans whole, byte by byte and in random pieces: all say the same. */
function scanEveryWay(t: Test, text: string | Buffer): Scan {
  const bytes = Buffer.from(text);
  const whole = scan([bytes]);
  t.same(scan(Array.from(bytes, (byte) => Buffer.of(byte))), whole, "byte by byte");
  const random = seededRandom(bytes.length + 1);
  for (let round = 0; round < 20; round++) {
    t.same(scan(randomPieces(bytes, 1 + round * 3, random)), whole, `random ${round}`);
  }
  for (let at = 0; at <= bytes.length && bytes.length < 300; at++) {
    t.same(scan([bytes.subarray(0, at), bytes.subarray(at)]), whole, `split at ${at}`);
  }
  return whole;
}

/** What scan() finds, in order of slots, for documents that name each value once. */
const found: readonly {
  readonly name: string;
  readonly text: string;
  readonly values: readonly FoundValue[];
  readonly choices?: readonly (readonly FoundValue[])[];
}[] = [
  {
    name: "all of them",
    text: '{"model":"m","stream":true,"usage":{"in":1,"more":{"out":20}},"choices":[{"end":"stop","index":1}]}',
    values: ["m", true, 1, 20, null, null, null],
    choices: [["stop", 1]],
  },
  {
    name: "values among whitespace",
    text: ' \t\r\n{ "model" : "m" , "stream"\n:\tfalse , "usage" : { "in" : 0 } , "choices" : [ ] } \n',
    values: ["m", false, 0, null, null, null, null],
  },
  {
    name: "only places of their own",
    text: '{"a":{"model":"x"},"b":[{"model":"y"},"model"],"c":"\\"model\\":\\"z\\"","model":"m","usage":{"model":"u"}}',
    values: ["m", null, null, null, null, null, null],
  },
  {
    name: "every choice",
    text: '{"choices":[{"end":"a"},{"index":3,"end":null},7,{},{"delta":{"text":"x"},"end":"b","index":2}]}',
    values: [null, null, null, null, null, null, true],
    choices: [
      ["a", null],
      [null, 3],
      [null, null],
      [null, null],
      ["b", 2],
    ],
  },
  {
    name: "no presence of empty text",
    text: '{"choices":[{"delta":{"text":""}},{"delta":{"text":null}},{"delta":{"text":["x"]}}]}',
    values: [null, null, null, null, null, null, null],
    choices: [
      [null, null],
      [null, null],
      [null, null],
    ],
  },
  {
    name: "presence of an escape",
    text: '{"choices":[{"delta":{"text":"\\""}}]}',
    values: [null, null, null, null, null, null, true],
    choices: [[null, null]],
  },
  {
    name: "what came last of a repeated key",
    text: '{"model":"a","stream":true,"usage":{"in":1,"more":{"out":2}},"model":"b","stream":null,"usage":{"in":3}}',
    values: ["b", null, 3, null, null, null, null],
  },
  {
    name: "nothing of a repeated key of another type",
    text: '{"model":"a","usage":{"in":1},"usage":7,"model":{"model":"b"}}',
    values: [null, null, null, null, null, null, null],
  },
  {
    name: "escaped keys and values",
    text: '{"\\u006dodel":"\\u0067pt \\"4\\"\\n\\ud83e\\udd8a\\\\","str\\u0065am":true,"us\\u0061ge":{"i\\u006e":5}}',
    values: ['gpt "4"\n🦊\\', true, 5, null, null, null, null],
  },
  {
    name: "no key that only begins like one",
    text: '{"mode":"a","models":"b","mode\\u006c2":"c","":"d","MODEL":"e","model ":"f"}',
    values: [null, null, null, null, null, null, null],
  },
  {
    name: "text that is not ASCII",
    text: '{"größe":1,"model":"grüße 🦊","日本":{"model":2}}',
    values: ["grüße 🦊", null, null, null, null, null, null],
  },
  {
    name: "strings of backslashes",
    text: '{"a":"\\\\","b":"\\\\\\"","c":"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"","model":"m\\\\"}',
    values: ["m\\", null, null, null, null, null, null],
  },
  {
    name: "an array at the root",
    text: '[{"model":"m"}]',
    values: [null, null, null, null, null, null, null],
  },
];

for (const { name, text, values, choices = [] } of found) {
  t.test(`write() finds ${name}`, async (t) => {
    JSON.parse(text);
    t.same(scanEveryWay(t, text), { values, choices, state: "complete" });
  });
}

const numbers: readonly { readonly text: string; readonly value: number | null }[] = [
  { text: "0", value: 0 },
  { text: "7", value: 7 },
  { text: "-3", value: -3 },
  { text: "9007199254740991", value: 9_007_199_254_740_991 },
  { text: "9007199254740992", value: null },
  { text: "-9007199254740992", value: null },
  { text: "10000000000000000", value: null },
  { text: "123456789012345678901234567890", value: null },
  { text: "1.0", value: null },
  { text: "1.5", value: null },
  { text: "1e3", value: null },
  { text: "1E3", value: null },
  { text: "-", value: null },
  { text: "01", value: null },
  { text: "+1", value: null },
  { text: "NaN", value: null },
  { text: "Infinity", value: null },
  { text: "0x10", value: null },
  { text: "1".repeat(5_000), value: null },
  { text: "truely", value: null },
  { text: "nul", value: null },
];

for (const { text, value } of numbers) {
  t.test(`write() finds ${value} for ${text.slice(0, 40)}`, async (t) => {
    t.equal(scanEveryWay(t, `{"usage":{"in":${text}},"model":"m"}`).values[2], value);
    t.equal(scanEveryWay(t, `{"model":"m","usage":{"in":${text} } }`).values[2], value);
  });
}

t.test("write() finds nothing of a number that may go on", async (t) => {
  t.equal(scan([Buffer.from('{"usage":{"in":12')]).values[2], null);
  t.equal(scan([Buffer.from('{"usage":{"in":12,')]).values[2], 12);
});

const malformed: readonly string[] = [
  "<!DOCTYPE html>",
  '{"model":"m"',
  "{model:1}",
  "{'model':'m'}",
  '{"model" "m"}',
  '{"model":"m",}',
  '{"model":"m"]',
  '{"model":,"stream":true}',
  '{"model":"m" "stream":true}',
  '{,"model":"m"}',
  '{"choices":[}',
  '{"choices":[{"end":"a"],"model":"m"}',
  '{"choices":[,1]}',
  "}",
  "]",
  ",",
  ":",
  "\u0000{}",
  "\ufeff{}",
  '{"usage":{"in":1 2}}',
  '{"model"}',
  '{"choices":{"end":"a"},"usage":[{"in":4}],"model":"m",',
];

for (const text of malformed) {
  t.test(`write() does not take ${JSON.stringify(text)} for a document`, async (t) => {
    t.throws(() => JSON.parse(text));
    t.not(scanEveryWay(t, text).state, "complete");
  });
}

t.test("write() finds null for text with an escape that JSON does not have", async (t) => {
  for (const text of ["\\x41", "\\u12", "\\", "a\\\nb"]) {
    const { values, state } = scanEveryWay(t, `{"model":"${text}","stream":true,"q":"\\""}`);
    if (text === "\\") t.equal(state, "malformed");
    else t.same(values.slice(0, 2), [null, true], JSON.stringify(text));
  }
});

t.test("write() stands bytes that are not UTF-8", async (t) => {
  const bytes = Buffer.concat([
    Buffer.from('{"a\xff'.slice(0, 3)),
    Buffer.of(0xff, 0xc3),
    Buffer.from('":"'),
    Buffer.of(0x80, 0xe2, 0x82),
    Buffer.from('","model":"m'),
    Buffer.of(0xff),
    Buffer.from('"}'),
  ]);
  t.same(scanEveryWay(t, bytes).values[0], "m\ufffd");
});

t.test("write() keeps text up to a kilobyte", async (t) => {
  const values = (text: string) => scanEveryWay(t, `{"model":"${text}","stream":true}`).values;
  t.same(values("x".repeat(1_024)).slice(0, 2), ["x".repeat(1_024), true]);
  t.same(values("x".repeat(1_025)).slice(0, 2), [null, true]);
  t.same(values("\\n".repeat(600)).slice(0, 2), [null, true]);
  t.same(values("x".repeat(100_000)).slice(0, 2), [null, true]);
});

t.test("write() passes keys of any length", async (t) => {
  for (const length of [1_023, 1_024, 1_025, 50_000]) {
    const { values } = scanEveryWay(t, `{"${"k".repeat(length)}":1,"model":"m"}`);
    t.equal(values[0], "m", `${length}`);
  }
});

t.test("write() gives up beyond 256 levels", async (t) => {
  const nested = (levels: number) =>
    `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)},"model":"m"}`;
  t.equal(scan([Buffer.from(nested(256))]).values[0], "m");
  t.same(scan([Buffer.from(nested(257))]), {
    values: new Array(7).fill(null),
    choices: [],
    state: "malformed",
  });
  t.equal(scan([Buffer.from("[".repeat(1e6))]).state, "malformed");
  t.equal(scan([Buffer.from('{"choices":[{"x":'.repeat(200))]).state, "malformed");
});

t.test("write() reads nothing after the document", async (t) => {
  const { values, state } = scanEveryWay(t, '{"model":"a"}{"model":"b"} trailing "');
  t.equal(values[0], "a");
  t.equal(state, "complete");
});

t.test("write() reads only the part that it is given", async (t) => {
  const bytes = Buffer.from('xx{"model":"a long name of a model, which ends"}"}');
  const scanner = new JsonScanner(shape, slotCount);
  scanner.write(bytes, 2, 20);
  t.notOk(scanner.isComplete);
  scanner.write(bytes, 20, bytes.length - 2);
  t.ok(scanner.isComplete);
  t.equal(scanner.values[0], "a long name of a model, which ends");
  const text = Buffer.from(`{"a":"${"x".repeat(100)}"}`);
  const cut = new JsonScanner(shape, slotCount);
  cut.write(text, 0, 50);
  cut.write(text, 50, 60);
  t.notOk(cut.isComplete, "the quote is beyond");
  cut.write(text, 60, text.length);
  t.ok(cut.isComplete);
});

t.test(
  "onText is given the inside of strings that are only to be there, however they are cut",
  async (t) => {
    const wanted = compileShape([
      { path: "a[].text", slot: 0, as: "presence" },
      { path: "name", slot: 1, as: "value" },
    ]);
    const document = Buffer.from(
      '{"a":[{"text":"x\\"y\\\\"},{"text":""},{"text":7}],"name":"n","text":"no"}',
    );
    for (let size = 1; size <= document.length; size++) {
      let text = "";
      const scanner = new JsonScanner(wanted, 2, {
        onText: (bytes, start, end) => {
          text += bytes.toString("latin1", start, end);
        },
      });
      for (let at = 0; at < document.length; at += size) {
        scanner.write(document, at, Math.min(at + size, document.length));
      }
      t.equal(text, 'x\\"y\\\\', `pieces of ${size}`);
      t.strictSame(scanner.values, [true, "n"]);
      t.ok(scanner.isComplete);
    }
  },
);

t.test("reset() begins another document, of another shape too", async (t) => {
  const scanner = new JsonScanner(shape, slotCount);
  const write = (text: string) => scanner.write(Buffer.from(text), 0, text.length);
  for (const torn of [
    '{"model":"a","choices":[{"e',
    '{"model":"\\',
    '{"x":[[{"y":"',
    '{"usage":{"in":12',
    "}",
  ]) {
    write(torn);
    scanner.reset();
    t.same(scanner.values, new Array(slotCount).fill(null), torn);
    write('{"model":"","usage":{"in":3}}');
    t.ok(scanner.isComplete, torn);
    t.same(scanner.values.slice(0, 3), ["", null, 3], torn);
    scanner.reset();
  }
  scanner.reset(compileShape([{ path: "other", slot: 0, as: "value" }]));
  write('{"model":"b","other":"c"}');
  t.equal(scanner.values[0], "c");
});

/** A random document, in which keys that are wanted come everywhere. */
function randomValue(random: () => number, depth: number): unknown {
  const keys = ["model", "stream", "usage", "in", "more", "out", "choices", "end", "index", "x\n"];
  const pick = Math.floor(random() * (depth > 5 ? 5 : 8));
  const size = Math.floor(random() * 5);
  switch (pick) {
    case 0:
      return Math.floor(random() * 1e6) - 1_000;
    case 1:
      return random() < 0.5;
    case 2:
      return null;
    case 3:
      return random() * 100;
    case 4:
      return '\\"{[🦊]}":,\n\u0000 x'.repeat(size * size).slice(Math.floor(random() * 9));
    case 5:
      return Array.from({ length: size }, () => randomValue(random, depth + 1));
    default: {
      const key = () => keys[Math.floor(random() * keys.length)] ?? "";
      return Object.fromEntries(
        Array.from({ length: size * 2 }, () => [key(), randomValue(random, depth + 1)]),
      );
    }
  }
}

/** What the scanner must find, by plain look-ups. */
function lookUp(document: unknown): FoundValue[] {
  return paths.slice(0, 4).map((path) => {
    let value: unknown = document;
    for (const key of path.split(".")) value = isObject(value) ? value[key] : undefined;
    if (typeof value === "string")
      return Buffer.byteLength(JSON.stringify(value)) > 1_026 ? null : value;
    if (typeof value === "boolean") return value;
    return Number.isSafeInteger(value) && typeof value === "number" ? value : null;
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

t.test("write() agrees with JSON.parse() on random documents", async (t) => {
  const random = seededRandom(11);
  for (let round = 0; round < 2_000; round++) {
    const document = Object.assign({}, randomValue(random, 0), randomValue(random, 0));
    const bytes = Buffer.from(JSON.stringify(document, null, round % 3));
    const { values, state } = scan(randomPieces(bytes, 40, random));
    if (state !== "complete") t.fail(`${state}: ${bytes}`);
    t.same(values.slice(0, 4), lookUp(document), "round");
  }
});

t.test("write() never fails on random damage", async (t) => {
  const random = seededRandom(5);
  const text = JSON.stringify({ model: "m", choices: [{ end: "x", index: 1 }], usage: { in: 5 } });
  for (let round = 0; round < 5_000; round++) {
    const bytes = Buffer.from(text);
    for (let flips = 0; flips < 3; flips++) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    const whole = scan([bytes]);
    const pieces = scan(randomPieces(bytes, 5, random));
    if (JSON.stringify(whole) !== JSON.stringify(pieces)) t.same(pieces, whole, bytes.toString());
  }
  t.pass("no failure");
});
