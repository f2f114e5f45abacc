/** Values at JSON paths: found however a text is written, and all of what cannot be read. */
import t from "tap";
import { seededChoices } from "./testdata/seeded-choices.ts";
import type { SeededChoices } from "./testdata/seeded-choices.ts";
import { JsonPathSearch } from "./json-paths.ts";
import type { Span } from "./spans.ts";
import { replaceSpans } from "./spans.ts";

function redact(text: string, ...paths: string[]): string {
  const found: Span[] = [];
  new JsonPathSearch(paths).find(text, { start: 0, end: text.length }, found);
  return replaceSpans(text, found, "[redacted]");
}

const gone = '"[redacted]"';

const rows: readonly (readonly [
  name: string,
  text: string,
  paths: readonly string[],
  want: string,
])[] = [
  ["a member", '{"a":1,"b":"x"}', ["$.b"], `{"a":1,"b":${gone}}`],
  ["an object whole", '{"a":{"b":[1,{"c":2}]},"d":3}', ["$.a"], `{"a":${gone},"d":3}`],
  ["elements", '[{"t":1},{"t":2}]', ["$[*].t"], `[{"t":${gone}},{"t":${gone}}]`],
  ["one element", "[1,2,3]", ["$[1]"], `[1,${gone},3]`],
  [
    "any depth",
    '{"a":{"e":1,"b":[{"e":{"e":2}}]},"e":3}',
    ["$..e"],
    `{"a":{"e":${gone},"b":[{"e":${gone}}]},"e":${gone}}`,
  ],
  [
    "below any depth",
    '{"x":{"a":{"b":1}},"a":{"c":{"b":2},"b":3}}',
    ["$..a.b"],
    `{"x":{"a":{"b":${gone}}},"a":{"c":{"b":2},"b":${gone}}}`,
  ],
  ["blanks", ' { "a" :\n\t"x" } ', ["$.a"], ` { "a" :\n\t${gone} } `],
  ["a key with escapes", '{"con\\u0074ent":"x"}', ["$.content"], `{"con\\u0074ent":${gone}}`],
  ["a key in another case", '{"Content":"x"}', ["$.content"], `{"Content":${gone}}`],
  ["a key that comes twice", '{"a":1,"a":2}', ["$.a"], `{"a":${gone},"a":${gone}}`],
  ["escaped quotes", '{"a":"x\\"y\\\\","b":1}', ["$.a"], `{"a":${gone},"b":1}`],
  ["a value that is cut off", '{"a":"secr', ["$.a"], `{"a":${gone}`],
  ["an object that is cut off", '{"a":{"b":"secr', ["$.a"], `{"a":${gone}`],
  ["a literal that is cut off", '{"b":1,"a":tr', ["$.a"], `{"b":1,"a":${gone}`],
  ["text that is no JSON", "hello", ["$.a"], "[redacted]"],
  ["a value without quotes", "{a:'secret'}", ["$.a"], "{[redacted]"],
  ["a comment", '{/* */"a":1}', ["$.a"], "{[redacted]"],
  ["a second text", '{"b":1}{"a":2}', ["$.a"], '{"b":1}[redacted]'],
  ["a key with a line end", '{"a\n":1,"b":2}', ["$.b"], '{"[redacted]'],
  ["other values", '{"b":{"a":1}}', ["$.a"], '{"b":{"a":1}}'],
  [
    "names in UTF-8",
    Buffer.from('{"stra\u00dfe":1}').toString("latin1"),
    ["$.stra\u00dfe"],
    Buffer.from(`{"stra\u00dfe":${gone}}`).toString("latin1"),
  ],
];

for (const [name, text, paths, want] of rows) {
  t.test(`JsonPathSearch finds ${name}`, async (t) => t.equal(redact(text, ...paths), want));
}

t.test("JsonPathSearch follows no deeper nesting than it can", async (t) => {
  const deep = `${'{"x":'.repeat(200)}{"a":"secret"}${"}".repeat(200)}`;
  t.notMatch(redact(deep, "$..a"), /secret/);
});

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const names = ["a", "b", "content", 'q"x'];

function invent(random: SeededChoices, depth: number): Json {
  switch (random.below(depth > 4 ? 3 : 5)) {
    case 0:
      return random.pick(["", "text", 'with "quotes" \\ and {', "\u00e9\u20ac"]);
    case 1:
      return random.pick([0, -1.5, 1e21, true, false, null]);
    case 2:
      return "CANARY";
    case 3:
      return Array.from({ length: random.below(4) }, () => invent(random, depth + 1));
    default:
      return Object.fromEntries(
        names.filter(() => random.below(2) === 0).map((name) => [name, invent(random, depth + 1)]),
      );
  }
}

/** The same value, written as strangers write it. */
function write(random: SeededChoices, value: Json): string {
  const blank = random.pick(["", "", " ", "\n\t"]);
  if (typeof value === "string") return blank + writeText(random, value);
  if (typeof value !== "object" || value === null) return blank + JSON.stringify(value);
  const parts = Array.isArray(value)
    ? value.map((item) => write(random, item))
    : Object.entries(value).map(
        ([key, item]) => `${writeText(random, key)}${blank}:${write(random, item)}`,
      );
  const joined = parts.join(`${blank},${blank}`);
  return Array.isArray(value) ? `${blank}[${joined}${blank}]` : `${blank}{${blank}${joined}}`;
}

function writeText(random: SeededChoices, text: string): string {
  const written = JSON.stringify(text);
  if (random.below(3) > 0) return written;
  const escaped = [...text].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${escaped.join("")}"`;
}

/** What the paths mean, by the shortest code that says so. */
const oracles: Readonly<Record<string, (value: Json) => Json>> = {
  "$.a": (value) => mapMembers(value, (key, item) => (key === "a" ? "[redacted]" : item)),
  "$..content": function deep(value): Json {
    return mapAll(value, (key, item) => (key === "content" ? "[redacted]" : deep(item)));
  },
  "$[*][1]": (value) =>
    mapAll(value, (_, item) =>
      Array.isArray(item) ? item.map((inner, index) => (index === 1 ? "[redacted]" : inner)) : item,
    ),
  "$..a..b": function outer(value): Json {
    const inner = (item: Json): Json =>
      mapAll(item, (key, below) => (key === "b" ? "[redacted]" : inner(below)));
    return mapAll(value, (key, item) => (key === "a" ? inner(item) : outer(item)));
  },
};

function mapMembers(value: Json, change: (key: string, item: Json) => Json): Json {
  return Array.isArray(value) ? value : mapAll(value, change);
}

function mapAll(value: Json, change: (key: string, item: Json) => Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => change("", item));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(key, item)]));
}

for (const [path, oracle] of Object.entries(oracles)) {
  t.test(`JsonPathSearch agrees with what ${path} means`, async (t) => {
    const random = seededChoices(7);
    for (let round = 0; round < 2_000; round++) {
      const value = invent(random, 0);
      const text = Buffer.from(write(random, value)).toString("latin1");
      const redacted = Buffer.from(redact(text, path), "latin1").toString();
      const seen: unknown = JSON.parse(redacted);
      if (JSON.stringify(seen) !== JSON.stringify(oracle(value))) {
        return t.same(seen, oracle(value), text);
      }
    }
    return t.pass();
  });
}

t.test(
  "JsonPathSearch lets nothing of a value through, wherever the text is cut off",
  async (t) => {
    const random = seededChoices(11);
    let cuts = 0;
    for (let round = 0; round < 400; round++) {
      const value: Json = {
        b: invent(random, 2),
        content: [invent(random, 1), "CANARY"],
        a: invent(random, 1),
      };
      const text = write(random, value);
      const wanted = redact(text, "$..content", "$.a", "$.b");
      t.notMatch(wanted, /CANA|\\u0043\\u0041/, text);
      for (let length = 0; length < text.length; length++, cuts++) {
        const part = redact(text.slice(0, length), "$..content", "$.a", "$.b");
        if (/CANA|\\u0043\\u0041/.test(part)) return t.fail(part);
      }
    }
    return t.ok(cuts > 10_000, `${cuts} cuts`);
  },
);
