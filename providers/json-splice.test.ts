import t from "tap";
import type { BodyEdit } from "./json-splice.ts";
import { readObjectBody } from "./json-splice-body.ts";
import type { ObjectBody } from "./json-splice-body.ts";
import { editBody, spliceModel, spliceStreamUsage } from "./json-splice.ts";
import { randomObject } from "./testdata/json-documents.ts";
import { seededRandom } from "./testdata/seeded-random.ts";

function bodyOf(text: string): ObjectBody {
  const read = readObjectBody(Buffer.from(text));
  if (read.kind === "ok") return read.object;
  throw new TypeError(`Cannot read ${text}: ${read.reason}`);
}

/** The body's text after an edit, or the reason why there is none. */
function edited(text: string, edit: BodyEdit): string {
  const read = readObjectBody(Buffer.from(text));
  const result = read.kind === "malformed" ? read : editBody(read.object, edit);
  return result.kind === "ok" ? result.body.bytes.toString("utf8") : `malformed: ${result.reason}`;
}

const models: readonly { readonly name: string; readonly text: string; readonly wanted: string }[] =
  [
    { name: "it stands alone", text: '{"model":"a"}', wanted: '{"model":"b/c"}' },
    {
      name: "other members are of every notation",
      text: '{ "seed": 9007199254740993, "model" : "a" ,\n"x":"\\u003c\\/",  "unknown":1.50, "a":-0 }\n',
      wanted:
        '{ "seed": 9007199254740993, "model" : "b/c" ,\n"x":"\\u003c\\/",  "unknown":1.50, "a":-0 }\n',
    },
    {
      name: "the word is nested too",
      text: '{"a":{"model":"a"},"messages":[{"content":"\\"model\\":\\"a\\"","model":"a"}],"model":"a"}',
      wanted:
        '{"a":{"model":"a"},"messages":[{"content":"\\"model\\":\\"a\\"","model":"a"}],"model":"b/c"}',
    },
    { name: "its key is escaped", text: '{"\\u006dodel":"a"}', wanted: '{"\\u006dodel":"b/c"}' },
    { name: "its value is escaped", text: '{"model":"\\u0061\\""}', wanted: '{"model":"b/c"}' },
    { name: "there is none", text: '{"a":1 }', wanted: '{"a":1,"model":"b/c" }' },
    { name: "there is nothing", text: "{ }", wanted: '{ "model":"b/c"}' },
    { name: "it is a number", text: '{"model":1}', wanted: "malformed: model is not a string" },
    { name: "it is null", text: '{"model":null}', wanted: "malformed: model is not a string" },
    {
      name: "it is an object",
      text: '{"model":{"model":"a"}}',
      wanted: "malformed: model is not a string",
    },
    {
      name: "it is in another case",
      text: '{"Model":"a"}',
      wanted: "malformed: model is in another case",
    },
    {
      name: "it comes twice",
      text: '{"model":"a","model":"b"}',
      wanted: "malformed: a key comes twice in one object",
    },
    { name: "the body is no JSON", text: '{"model":"a"', wanted: "malformed: it is not JSON" },
  ];

for (const { name, text, wanted } of models) {
  t.test(`editBody() replaces the model and nothing else when ${name}`, async (t) => {
    t.equal(edited(text, { model: "b/c" }), wanted);
  });
}

t.test("editBody() writes a model with whatever it holds as a string", async (t) => {
  for (const model of ['a"b\\c', "m\u0000\n", "ünï😀", "\ud800"]) {
    const text = edited('{"model":"a","n":1}', { model });
    t.equal(JSON.parse(text).model, model);
    t.match(text, /,"n":1\}$/);
  }
});

const streams: readonly {
  readonly name: string;
  readonly text: string;
  /** Absent: the body stays as it is */
  readonly wanted?: string;
}[] = [
  { name: "there is no stream", text: '{"model":"m"}' },
  { name: "it is no stream", text: '{"stream":false}' },
  { name: "the stream is no boolean", text: '{"stream":"true"}' },
  { name: "a nested one is true", text: '{"a":{"stream":true}}' },
  { name: "usage is asked for", text: '{"stream":true,"stream_options":{"include_usage":true}}' },
  {
    name: "there are no options",
    text: '{"stream":true,\n "seed":9007199254740993 \n}',
    wanted: '{"stream":true,\n "seed":9007199254740993,"stream_options":{"include_usage":true} \n}',
  },
  {
    name: "the options are null",
    text: '{"stream_options" : null ,"stream":true}',
    wanted: '{"stream_options" : {"include_usage":true} ,"stream":true}',
  },
  {
    name: "the options are empty",
    text: '{"stream":true,"stream_options":{ },"a":1}',
    wanted: '{"stream":true,"stream_options":{ "include_usage":true},"a":1}',
  },
  {
    name: "there are other options",
    text: '{"stream":true,"stream_options":{"include_obfuscation":false },"a":1}',
    wanted:
      '{"stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true },"a":1}',
  },
  {
    name: "usage is refused",
    text: '{"stream":true,"stream_options":{"include_usage" : false, "x":1}}',
    wanted: '{"stream":true,"stream_options":{"include_usage" : true, "x":1}}',
  },
  {
    name: "usage is null",
    text: '{"stream":true,"stream_options":{"include_usage":null}}',
    wanted: '{"stream":true,"stream_options":{"include_usage":true}}',
  },
  { name: "the options are no object", text: '{"stream":true,"stream_options":[1]}' },
];

for (const { name, text, wanted = text } of streams) {
  t.test(`editBody() asks for usage where it must when ${name}`, async (t) => {
    const result = editBody(bodyOf(text), { streamUsage: true });
    t.equal(result.kind, "ok");
    if (result.kind !== "ok") return;
    t.equal(result.body.bytes.toString("utf8"), wanted);
    t.equal(result.changed, wanted !== text);
    t.equal(result.streamUsageAdded, wanted !== text);
  });
}

t.test("editBody() refuses options in which a key comes twice", async (t) => {
  const text = '{"stream":true,"stream_options":{"include_usage":true,"include_usage":false}}';
  t.equal(edited(text, { streamUsage: true }), "malformed: a key comes twice in one object");
});

t.test("editBody() adds no member that is there in another case", async (t) => {
  for (const [text, reason] of [
    ['{"stream":true,"Stream_Options":{}}', "stream_options is in another case"],
    [
      '{"stream":true,"stream_options":{"INCLUDE_USAGE":false}}',
      "include_usage is in another case",
    ],
  ] as const) {
    t.equal(edited(text, { streamUsage: true }), `malformed: ${reason}`);
  }
});

t.test("editBody() makes both edits in one pass, in whatever order they stand", async (t) => {
  const both = { model: "b", streamUsage: true };
  t.equal(
    edited('{"stream":true,"stream_options":{},"model":"a"}', both),
    '{"stream":true,"stream_options":{"include_usage":true},"model":"b"}',
  );
  t.equal(
    edited('{"model":"a","stream":true}', both),
    '{"model":"b","stream":true,"stream_options":{"include_usage":true}}',
  );
  t.equal(
    edited('{"stream":true}', both),
    '{"stream":true,"model":"b","stream_options":{"include_usage":true}}',
  );
});

t.test("editBody() gives the body itself when nothing has to change", async (t) => {
  const body = bodyOf('{"model":"b","stream":false}');
  t.strictSame(editBody(body, { model: "b", streamUsage: true }), {
    kind: "ok",
    body,
    changed: false,
    streamUsageAdded: false,
  });
  const result = editBody(body, {});
  t.equal(result.kind === "ok" && result.body, body);
});

t.test("editBody() changes what it should and no other value, for random documents", async (t) => {
  const random = seededRandom(31);
  const keys = ["model", "a", "messages", "ünï", "metadata"];
  for (let left = 300; left > 0; left--) {
    const text = randomObject(random, keys);
    const before = JSON.parse(text);
    if ("model" in before && typeof before.model !== "string") continue;
    const after = JSON.parse(edited(text, { model: "other" }));
    t.strictSame(after, { ...before, model: "other" }, text);
  }
});

t.test("editBody() keeps every byte beside the model's value, for random documents", async (t) => {
  const random = seededRandom(32);
  for (let left = 200; left > 0; left--) {
    const rest = randomObject(random, ["a", "b", "c"]);
    const at = rest.indexOf("{") + 1;
    const isEmpty = rest.slice(at).trim() === "}";
    const text = `${rest.slice(0, at)} "model" : "x"${isEmpty ? "" : ","}${rest.slice(at)}`;
    t.equal(edited(text, { model: "y" }), text.replace('"model" : "x"', '"model" : "y"'));
  }
});

t.test("spliceModel() and spliceStreamUsage() are editBody() with one edit each", async (t) => {
  const body = bodyOf('{"model":"a","stream":true}');
  t.strictSame(spliceModel(body, "b"), editBody(body, { model: "b" }));
  t.strictSame(spliceStreamUsage(body), editBody(body, { streamUsage: true }));
});

t.test("editBody() takes a small part of a millisecond for 100 KB", async (t) => {
  const content = 'A line of text, "quoted",\nwith an escape now and then. '.repeat(40);
  const messages = Array.from({ length: 40 }, () => ({ role: "user", content }));
  const text = JSON.stringify({ model: "m", stream: true, messages });
  t.ok(text.length > 90_000);
  const edit = { model: "other", streamUsage: true };
  let best = Number.POSITIVE_INFINITY;
  for (let left = 300; left > 0; left--) {
    const start = performance.now();
    editBody(bodyOf(text), edit);
    best = Math.min(best, performance.now() - start);
  }
  // Ten times what it takes on a quiet machine: this is against growth by an order
  t.ok(best < 1.5, `${best} ms`);
});
