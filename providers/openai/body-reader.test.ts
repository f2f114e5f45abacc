import t from "tap";
import { BodyReader, isJsonList, parseBody } from "./body-reader.ts";

const object = { text: "a", number: 1, flag: true, object: { a: 1 }, list: [1], nothing: null };

t.test("parseBody() gives an object and says what is wrong with anything else", async (t) => {
  t.strictSame(parseBody(Buffer.from('{"a":1}')), { kind: "ok", value: { a: 1 } });
  for (const [body, reason] of [
    ["[]", "the body is not a JSON object"],
    ["null", "the body is not a JSON object"],
    ["", "the body cannot be read: it is not JSON"],
    ["{", "the body cannot be read: it is not JSON"],
  ]) {
    t.strictSame(parseBody(Buffer.from(body ?? "")), { kind: "malformed", reason });
  }
  t.strictSame(parseBody(Buffer.of(0x22, 0xff, 0x22)), {
    kind: "malformed",
    reason: "the body cannot be read: it is not UTF-8",
  });
});

t.test("isJsonList() knows lists from objects", async (t) => {
  t.equal(isJsonList([]), true);
  t.equal(isJsonList({}), false);
  t.equal(isJsonList(undefined), false);
});

const reads: readonly {
  readonly name: string;
  readonly read: (reader: BodyReader, key: string) => unknown;
  readonly key: string;
  readonly value: unknown;
  readonly absent: unknown;
  readonly wanted: string;
}[] = [
  {
    name: "string",
    read: (reader, key) => reader.string(object, key, ""),
    key: "text",
    value: "a",
    absent: null,
    wanted: "a string",
  },
  {
    name: "number",
    read: (reader, key) => reader.number(object, key, ""),
    key: "number",
    value: 1,
    absent: null,
    wanted: "a number",
  },
  {
    name: "boolean",
    read: (reader, key) => reader.boolean(object, key, ""),
    key: "flag",
    value: true,
    absent: null,
    wanted: "a boolean",
  },
  {
    name: "object",
    read: (reader, key) => reader.object(object, key, ""),
    key: "object",
    value: { a: 1 },
    absent: null,
    wanted: "an object",
  },
  {
    name: "list",
    read: (reader, key) => reader.list(object, key, ""),
    key: "list",
    value: [1],
    absent: [],
    wanted: "a list",
  },
];

for (const { name, read, key, value, absent, wanted } of reads) {
  t.test(`${name}() gives the value when it has that form`, async (t) => {
    const reader = new BodyReader();
    t.strictSame(read(reader, key), value);
    t.strictSame(reader.finish(1), { kind: "ok", value: 1 });
  });

  t.test(`${name}() gives what stands for nothing when there is nothing or null`, async (t) => {
    const reader = new BodyReader();
    t.strictSame(read(reader, "absent"), absent);
    t.strictSame(read(reader, "nothing"), absent);
    t.strictSame(reader.finish(1), { kind: "ok", value: 1 });
  });

  for (const other of Object.keys(object)) {
    if (other === key || other === "nothing") continue;
    t.test(`${name}() notes a problem when there is a ${other}`, async (t) => {
      const reader = new BodyReader();
      t.strictSame(read(reader, other), absent);
      t.strictSame(reader.finish(1), { kind: "malformed", reason: `${other} is not ${wanted}` });
    });
  }
}

t.test("requiredString() notes a problem when there is none", async (t) => {
  for (const key of ["absent", "nothing", "number"]) {
    const reader = new BodyReader();
    t.equal(reader.requiredString(object, key, "a[1]"), "");
    t.strictSame(reader.finish(1), { kind: "malformed", reason: `a[1].${key} is not a string` });
  }
  t.equal(new BodyReader().requiredString(object, "text", ""), "a");
});

t.test("finish() tells the first problem of several, with its place", async (t) => {
  const reader = new BodyReader();
  reader.string(object, "number", "messages[2]");
  reader.fail("something else");
  t.strictSame(reader.finish(1), {
    kind: "malformed",
    reason: "messages[2].number is not a string",
  });
});

t.test("note() keeps what has no place, in order", async (t) => {
  const reader = new BodyReader();
  reader.note("store", "store");
  reader.note("audio", "messages[0]");
  t.strictSame(reader.unexpressed, [
    { feature: "store", at: "store" },
    { feature: "audio", at: "messages[0]" },
  ]);
});
