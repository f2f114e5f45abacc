import t from "tap";
import type { ParsedJson } from "./json-text.ts";
import {
  isJsonNumber,
  isJsonObject,
  maxJsonDepth,
  parseJson,
  parseJsonText,
  writeJson,
} from "./json-text.ts";

const tooDeep = { kind: "malformed", reason: "it is nested more than 512 levels deep" };

t.test("parseJsonText() keeps the digits of numbers that a double would change", async (t) => {
  for (const text of [
    "0.30000000000000000001",
    "12345678901234567890",
    "1.50e3",
    "-0",
    "1e5",
    "[1E-7]",
    "[0,-12345678901234567.5]",
    '{"a":[1e400,{"b":9007199254740993}]}',
  ]) {
    t.equal(written(parseJsonText(text)), text, text);
  }
});

t.test("parseJsonText() gives numbers that a double holds as such", async (t) => {
  t.same(parseJsonText("[0,-7,0.5,1234567890]"), {
    kind: "value",
    value: [0, -7, 0.5, 1_234_567_890],
  });
});

t.test("parseJsonText() keeps digits wherever a number can stand", async (t) => {
  const numbers = ["12345678901234567890", "-0.12345678901234567890", "2e5", "-3.25E-9", "-0"];
  const places = ["N", "[N]", "[1,N]", '{"a":N}', '{"d1ec8":"x, 9e9","a":N}', '["4e",N]'];
  for (const number of numbers) {
    for (const place of places) {
      const text = place.replace("N", number);
      t.equal(written(parseJsonText(text)), text, text);
      for (const blank of [" ", "\n", "\t", "\r\n"]) {
        const spaced = place.replace("N", `${blank}${number}${blank}`);
        t.equal(written(parseJsonText(spaced)), text, spaced);
      }
    }
  }
});

t.test("parseJsonText() takes no text for a number", async (t) => {
  const text = '{"id":"resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b","n":-0.5}';
  t.same(parseJsonText(text), { kind: "value", value: JSON.parse(text) });
});

t.test("parseJsonText() reads the deepest nesting that is allowed", async (t) => {
  for (const { name, text } of nested(maxJsonDepth)) {
    t.equal(written(parseJsonText(text)), text, name);
  }
});

t.test("parseJsonText() refuses what is nested deeper, however deep", async (t) => {
  for (const depth of [maxJsonDepth + 1, 5_000, 100_000]) {
    for (const { name, text } of nested(depth)) {
      t.same(parseJsonText(text), tooDeep, `${name}, ${depth} levels`);
    }
  }
});

t.test("parseJsonText() takes long documents that are wide for no deep ones", async (t) => {
  const text = `[${"[[1]],".repeat(1_000)}{"a":{"b":[]}}]`;
  t.equal(written(parseJsonText(text)), text);
});

t.test("parseJsonText() refuses millions of values before it makes them", async (t) => {
  const heavy = { kind: "malformed", reason: "it has too many values" };
  const objects = `[${"{},".repeat(700_000)}0]`;
  t.same(parseJsonText(objects), heavy);
  const digits = `[12345678901234567,${"{},".repeat(140_000)}0]`;
  t.same(parseJsonText(digits), heavy);
  const text = JSON.stringify(["{},".repeat(1_000_000)]);
  t.equal(parseJsonText(text).kind, "value", "what a string holds is one value");
  t.equal(parseJsonText(`[${"0.25,".repeat(2_000_000)}0]`).kind, "value", "vectors");
});

t.test("parseJsonText() refuses what is no JSON without quoting it", async (t) => {
  for (const text of ["", " ", "{", "[1,]", "secret", "NaN", "'a'", "1 2"]) {
    t.same(parseJsonText(text), { kind: "malformed", reason: "it is not JSON" }, text);
  }
});

t.test("parseJson() refuses bytes that are no UTF-8", async (t) => {
  t.same(parseJson(Buffer.from([0x22, 0xff, 0x22])), {
    kind: "malformed",
    reason: "it is not UTF-8",
  });
  t.same(parseJson(Buffer.from('"ß"')), { kind: "value", value: "ß" });
});

t.test("isJsonObject() and isJsonNumber() tell raw numbers from objects", async (t) => {
  const parsed = parseJsonText("[12345678901234567890,7,{},[],null]");
  const values = parsed.kind === "value" && Array.isArray(parsed.value) ? parsed.value : [];
  t.same(values.map(isJsonNumber), [true, true, false, false, false]);
  t.same(values.map(isJsonObject), [false, false, true, false, false]);
});

function written(parsed: ParsedJson): string {
  return parsed.kind === "value" ? writeJson(parsed.value) : parsed.reason;
}

/** Documents of so many levels; the digits of the innermost number are kept. */
function nested(depth: number): { readonly name: string; readonly text: string }[] {
  return [
    { name: "lists", text: "[".repeat(depth) + "]".repeat(depth) },
    { name: "objects", text: `${'{"a":'.repeat(depth - 1)}{}${"}".repeat(depth - 1)}` },
    {
      name: "lists around a long number",
      text: `${"[".repeat(depth)}12345678901234567890${"]".repeat(depth)}`,
    },
    {
      name: "a list in the last place",
      text: `[{"a":7},${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}]`,
    },
  ];
}
