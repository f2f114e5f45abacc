/** The parser: defaults, every problem at once, exact messages, and nothing secret in them. */
import t from "tap";
import { maxProblems, parseSchema } from "./parse-schema.ts";
import { invalid, valid } from "./reading.ts";
import {
  array,
  boolean,
  defaulted,
  emptyIfAbsent,
  enumeration,
  ignored,
  integer,
  map,
  object,
  optional,
  refine,
  string,
} from "./schema.ts";
import type { Schema, StringFormat } from "./schema.ts";

const lower: StringFormat = {
  name: "lower",
  wanted: "a word",
  read: (text) => (/^[a-z]+$/i.test(text) ? valid(text.toLowerCase()) : invalid("only letters")),
};
const text = string({ description: "", maxLength: 5 });
const word = string({ description: "", maxLength: 5, format: lower });
const secret = string({ description: "", maxLength: 5, format: lower, sensitive: true });
const size = integer({ description: "", min: 1, max: 9 });
const huge = integer({ description: "", min: 0, max: Number.MAX_SAFE_INTEGER });
const color = enumeration({
  description: "",
  values: ["red", "blue"],
  refused: { green: "it is sold out" },
});
const only = enumeration({ description: "", values: ["red"] });
const list = array({ description: "", items: size, minItems: 1, maxItems: 3, unique: "value" });
const free = array({ description: "", items: size, maxItems: 2 });
const notes = map({ description: "", keys: lower, values: text, maxProperties: 2 });
const secrets = map({
  description: "",
  keys: lower,
  values: secret,
  maxProperties: 2,
  sensitive: true,
});
const record = object({
  description: "",
  fields: {
    name: word,
    size: defaulted(size, 5),
    list: emptyIfAbsent(free),
    notes: emptyIfAbsent(notes),
    note: optional(text),
    status: ignored(""),
  },
});
const named = array({
  description: "",
  items: record,
  maxItems: 4,
  unique: { field: "name", ignoreCase: true },
});

function messages(schema: Schema, value: unknown): string[] {
  const result = parseSchema(schema, value);
  return result.kind === "invalid" ? result.problems.map(({ message }) => message) : [];
}

function parsed(schema: Schema, value: unknown): unknown {
  const result = parseSchema(schema, value);
  return result.kind === "valid" ? result.value : result.problems;
}

for (const [schema, value, ...expected] of [
  [text, 7, "object: found 7, wanted a string"],
  [text, null, "object: found null, wanted a string"],
  [text, undefined, "object: found a value of type undefined, wanted a string"],
  [text, ["a"], "object: found a list of 1, wanted a string"],
  [text, "", "object: found an empty string, wanted a non-empty string"],
  [text, "123456", "object: found 6 characters, wanted at most 5 characters"],
  [
    string({ description: "", minLength: 2, maxLength: 3 }),
    "a",
    'object: found "a", wanted at least 2 characters',
  ],
  [word, 7, "object: found 7, wanted a word"],
  [word, "", "object: found an empty string, wanted a word"],
  [word, "a1", 'object: found "a1", wanted a word: only letters'],
  [secret, "a1", "object: found a string, wanted a word: only letters"],
  [secret, 12345, "object: found a number, wanted a word"],
  [secret, "123456", "object: found 6 characters, wanted at most 5 characters"],
  [size, "5", 'object: found "5", wanted an integer from 1 to 9'],
  [size, 0, "object: found 0, wanted an integer from 1 to 9"],
  [size, 10, "object: found 10, wanted an integer from 1 to 9"],
  [size, 1.5, "object: found 1.5, wanted an integer from 1 to 9"],
  [size, Number.NaN, "object: found NaN, wanted an integer from 1 to 9"],
  [size, 5n, "object: found 5, wanted an integer from 1 to 9"],
  [size, true, "object: found true, wanted an integer from 1 to 9"],
  [huge, -1, "object: found -1, wanted an integer of at least 0"],
  [huge, 2 ** 53, "object: found 9007199254740992, wanted an integer of at least 0"],
  [boolean({ description: "" }), "true", 'object: found "true", wanted true or false'],
  [boolean({ description: "" }), 1, "object: found 1, wanted true or false"],
  [color, "Red", 'object: found "Red", wanted "red" or "blue": did you mean "red"?'],
  [color, "green", 'object: found "green", wanted "red" or "blue": it is sold out'],
  [color, "constructor", 'object: found "constructor", wanted "red" or "blue"'],
  [color, 7, 'object: found 7, wanted "red" or "blue"'],
  [only, "rad", 'object: found "rad", wanted "red"'],
  [list, [], "object: found an empty list, wanted a list of 1 to 3"],
  [list, [1, 2, 3, 4], "object: found a list of 4, wanted a list of 1 to 3"],
  [list, "x", 'object: found "x", wanted a list of 1 to 3'],
  [list, { 0: 1 }, "object: found an object, wanted a list of 1 to 3"],
  [list, [1, 2, 1], "[2]: found 1, wanted different values: item 0 has it too"],
  [
    list,
    [1, "x", null],
    '[1]: found "x", wanted an integer from 1 to 9',
    "[2]: found null, wanted an integer from 1 to 9",
  ],
  [free, "x", 'object: found "x", wanted a list of at most 2'],
  [free, [1, 1, 1], "object: found a list of 3, wanted a list of at most 2"],
  [notes, [], "object: found an empty list, wanted an object"],
  [notes, { a: 1 }, "a: found 1, wanted a string"],
  [notes, { "a b": "x" }, '["a b"]: key is not a word: only letters'],
  [notes, { a: "", b: "", c: "" }, "object: found 3 entries, wanted at most 2 entries"],
  [secrets, "hunter2", "object: found a string, wanted an object"],
  [secrets, { a: { b: 1 } }, "a: found an object, wanted a word"],
  [secrets, { a: 42 }, "a: found a number, wanted a word"],
  [record, "x", 'object: found "x", wanted an object'],
  [record, null, "object: found null, wanted an object"],
  [record, [], "object: found an empty list, wanted an object"],
  [record, {}, "name: not set, wanted a word"],
  [record, { name: undefined }, "name: not set, wanted a word"],
  [record, { name: "a", note: null }, "note: found null, wanted a string"],
  [record, { name: "a", list: null }, "list: found null, wanted a list of at most 2"],
  [record, { name: "a", sise: 1 }, 'sise: unknown field, did you mean "size"?'],
  [record, { nmae: "a" }, 'nmae: unknown field, did you mean "name"?'],
  [
    record,
    { name: "a", zzzz: 1 },
    'zzzz: unknown field; known: "name", "size", "list", "notes", "note", "status"',
  ],
  [
    record,
    { name: "a", toString: 1 },
    'toString: unknown field; known: "name", "size", "list", "notes", "note", "status"',
  ],
  [
    record,
    { name: 1, size: "x", list: [0], note: 3, notes: { a: 1 } },
    "name: found 1, wanted a word",
    'size: found "x", wanted an integer from 1 to 9',
    "list[0]: found 0, wanted an integer from 1 to 9",
    "notes.a: found 1, wanted a string",
    "note: found 3, wanted a string",
  ],
  [
    named,
    [{ name: "a" }, { name: "A" }],
    '[1].name: found "a", wanted a different name for each: item 0 has it too',
  ],
  [
    named,
    [{ name: "a", size: 0 }, {}, { name: "a" }],
    "[0].size: found 0, wanted an integer from 1 to 9",
    "[1].name: not set, wanted a word",
    '[2].name: found "a", wanted a different name for each: item 0 has it too',
  ],
] as const) {
  t.test(`parseSchema() says ${String(expected[0]).slice(0, 70)}`, (t) => {
    t.strictSame(messages(schema, value), expected);
    t.end();
  });
}

t.test("parseSchema() says not set for every sort of required field", (t) => {
  const fields = { text, size, color, list, notes, record, boolean: boolean({ description: "" }) };
  t.strictSame(messages(object({ description: "", fields }), {}), [
    "text: not set, wanted a string",
    "size: not set, wanted an integer from 1 to 9",
    'color: not set, wanted "red" or "blue"',
    "list: not set, wanted a list of 1 to 3",
    "notes: not set, wanted an object",
    "record: not set, wanted an object",
    "boolean: not set, wanted true or false",
  ]);
  t.end();
});

t.test("parseSchema() gives defaults, normalised text and nothing else", (t) => {
  const value = parsed(record, { name: "ABC", status: { anything: 1 } });
  t.same(value, { name: "abc", size: 5, list: [], notes: {} });
  t.strictSame(Object.keys(Object(value)), ["name", "size", "list", "notes"]);
  t.end();
});

t.test("parseSchema() never makes a parent that is absent", (t) => {
  const outer = object({ description: "", fields: { inner: optional(record) } });
  t.same(parsed(outer, {}), {});
  t.end();
});

t.test(
  "parseSchema() freezes its result, shares nothing with the input and leaves that alone",
  (t) => {
    const input = { name: "a", list: [1], notes: { a: "x" } };
    const before = structuredClone(input);
    const value = Object(parsed(record, input));
    t.ok([value, value.list, value.notes].every(Object.isFrozen));
    input.list.push(2);
    t.same(value.list, [1]);
    t.same({ ...input, list: [1] }, before);
    t.end();
  },
);

t.test("parseSchema() keeps keys from outside away from prototypes", (t) => {
  const hostile: unknown = JSON.parse('{"__proto__": "x", "constructor": "y"}');
  const value = Object(parsed(notes, hostile));
  t.equal(messages(notes, hostile).length, 1, "__proto__ is no word");
  t.equal(value.polluted, undefined);
  const harmless = Object(parsed(notes, { constructor: "y" }));
  t.equal(Object.getPrototypeOf(harmless), null);
  t.equal(harmless.constructor, "y");
  t.end();
});

t.test("parseSchema() does not read inherited fields", (t) => {
  const input: unknown = Object.create({ name: "a" });
  t.strictSame(messages(record, input), ["name: not set, wanted a word"]);
  t.end();
});

t.test(
  "parseSchema() runs a rule when the fields that it reads are correct, whatever the others are",
  (t) => {
    const ruled = refine(record, {
      description: "",
      fields: ["name", "size"],
      check: ({ name, size }, report) =>
        report({ at: ["size"], found: `${name} ${size}`, wanted: "less", detail: "why" }),
    });
    const outer = object({ description: "", fields: { x: ruled } });
    t.strictSame(messages(outer, { x: { name: "a", note: 3 } }), [
      "x.note: found 3, wanted a string",
      "x.size: found a 5, wanted less: why",
    ]);
    t.strictSame(messages(outer, { x: { name: 1 } }), ["x.name: found 1, wanted a word"]);
    t.strictSame(messages(outer, { x: { name: "a", sise: 1 } }), [
      'x.sise: unknown field, did you mean "size"?',
    ]);
    t.end();
  },
);

t.test("parseSchema() lists a bounded number of problems and counts the rest", (t) => {
  const input = Object.fromEntries(
    Array.from({ length: 250 }, (_, index) => [`unknown${index}`, 1]),
  );
  const found = messages(record, { name: "a", ...input });
  t.equal(found.length, maxProblems + 1);
  t.equal(found.at(-1), "object: 150 more problems not listed");
  t.end();
});

t.test("parseSchema() never shows a sensitive value", (t) => {
  const outer = object({
    description: "",
    fields: { secret: optional(secret), secrets: optional(secrets) },
  });
  for (const value of ["hunter2!", 98765, ["hunter2"], { x: "hunter2" }, true]) {
    for (const input of [{ secret: value }, { secrets: value }, { secrets: { a: value } }]) {
      const found = messages(outer, input).join();
      t.notMatch(found, /hunter|98765|found true/);
    }
  }
  t.end();
});

t.test("parseSchema() shows values again after a sensitive part", (t) => {
  const outer = object({ description: "", fields: { secrets, secret, text } });
  t.strictSame(messages(outer, { secrets: { a: 1 }, secret: 2, text: 3 }), [
    "secrets.a: found a number, wanted a word",
    "secret: found a number, wanted a word",
    "text: found 3, wanted a string",
  ]);
  t.end();
});
