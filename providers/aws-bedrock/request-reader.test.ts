import t from "tap";
import type { JsonValue } from "../json-text.ts";
import { parseJsonText } from "../json-text.ts";
import { RequestReader } from "./request-reader.ts";

type Read = (reader: RequestReader, value: JsonValue | undefined) => unknown;

const sorts: readonly {
  readonly name: string;
  readonly read: Read;
  readonly good: readonly [value: JsonValue | undefined, read: unknown][];
  readonly bad: readonly JsonValue[];
  readonly problem: string;
  readonly instead: unknown;
}[] = [
  {
    name: "object",
    read: (reader, value) => reader.object(value, "a.b"),
    good: [[{ c: 1 }, { c: 1 }]],
    bad: [null, [], "x", 1, true],
    problem: "a.b is not an object",
    instead: {},
  },
  {
    name: "optionalObject",
    read: (reader, value) => reader.optionalObject(value, "a.b"),
    good: [
      [{ c: 1 }, { c: 1 }],
      [null, null],
      [undefined, null],
    ],
    bad: [[], "x", 1, false],
    problem: "a.b is not an object",
    instead: {},
  },
  {
    name: "list",
    read: (reader, value) => reader.list(value, "a.b"),
    good: [
      [
        [1, "x"],
        [1, "x"],
      ],
    ],
    bad: [null, {}, "x", 1],
    problem: "a.b is not a list",
    instead: [],
  },
  {
    name: "optionalList",
    read: (reader, value) => reader.optionalList(value, "a.b"),
    good: [
      [[1], [1]],
      [null, []],
      [undefined, []],
    ],
    bad: [{}, "x", 0],
    problem: "a.b is not a list",
    instead: [],
  },
  {
    name: "text",
    read: (reader, value) => reader.text(value, "a.b"),
    good: [
      ["x", "x"],
      ["", ""],
    ],
    bad: [null, 1, [], {}],
    problem: "a.b is not a string",
    instead: "",
  },
  {
    name: "optionalText",
    read: (reader, value) => reader.optionalText(value, "a.b"),
    good: [
      ["x", "x"],
      [null, null],
      [undefined, null],
    ],
    bad: [1, [], {}, false],
    problem: "a.b is not a string",
    instead: "",
  },
  {
    name: "optionalNumber",
    read: (reader, value) => reader.optionalNumber(value, "a.b"),
    good: [
      [1.5, 1.5],
      [null, null],
      [undefined, null],
    ],
    bad: ["1", [], {}, true],
    problem: "a.b is not a number",
    instead: null,
  },
];

for (const { name, read, good, bad, problem, instead } of sorts) {
  t.test(`${name}() reads what it is for`, async (t) => {
    for (const [value, wanted] of good) {
      const reader = new RequestReader();
      t.same(read(reader, value), wanted);
      t.equal(reader.problem, null);
    }
  });

  t.test(`${name}() notes what is another sort and goes on with nothing`, async (t) => {
    for (const value of bad) {
      const reader = new RequestReader();
      t.same(read(reader, value), instead, JSON.stringify(value));
      t.equal(reader.problem, problem, JSON.stringify(value));
    }
  });
}

t.test("optionalNumber() keeps digits that a double does not hold", async (t) => {
  const parsed = parseJsonText("12345678901234567890");
  if (parsed.kind !== "value") throw new Error(parsed.reason);
  const reader = new RequestReader();
  t.same(reader.optionalNumber(parsed.value, "n"), { rawJSON: "12345678901234567890" });
});

t.test("union() has the one member that is given", async (t) => {
  const rows: readonly [value: JsonValue, member: unknown, problem: string | null][] = [
    [{ text: "a" }, { name: "text", value: "a" }, null],
    [{ text: "a", image: null }, { name: "text", value: "a" }, null],
    [{ auto: {} }, { name: "auto", value: {} }, null],
    [{ flag: false }, { name: "flag", value: false }, null],
    [{}, null, "a has no member"],
    [{ text: null }, null, "a has no member"],
    [{ text: "a", image: {} }, null, "a has more than one member"],
    ["text", null, "a is not an object"],
  ];
  for (const [value, member, problem] of rows) {
    const reader = new RequestReader();
    t.same(reader.union(value, "a"), member, JSON.stringify(value));
    t.equal(reader.problem, problem, JSON.stringify(value));
  }
});

t.test("union() minds no name of a prototype's", async (t) => {
  const reader = new RequestReader();
  const parsed = parseJsonText('{"__proto__":{"text":"x"}}');
  if (parsed.kind !== "value") throw new Error(parsed.reason);
  t.equal(reader.union(parsed.value, "a")?.name, "__proto__");
});

t.test("problem is the first one", async (t) => {
  const reader = new RequestReader();
  reader.fail("a is wrong");
  reader.fail("b is wrong");
  t.equal(reader.problem, "a is wrong");
});

t.test("unexpressed has every note in order, twice too", async (t) => {
  const reader = new RequestReader();
  reader.note("video", "a");
  reader.note("cache-hint", "b");
  reader.note("video", "a");
  t.same(reader.unexpressed, [
    { feature: "video", at: "a" },
    { feature: "cache-hint", at: "b" },
    { feature: "video", at: "a" },
  ]);
});
