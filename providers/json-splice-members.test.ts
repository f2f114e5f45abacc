import t from "tap";
import { foldCase, readMembers, readTopLevel } from "./json-splice-members.ts";
import { randomObject } from "./testdata/json-documents.ts";
import { seededRandom } from "./testdata/seeded-random.ts";

/** The members' values as text, and where the brace stands. */
function read(text: string): unknown {
  const bytes = Buffer.from(text);
  const result = readTopLevel(bytes);
  if (result.kind === "malformed") return result.reason;
  const members = [...result.members].map(([key, { start, end }]) => [
    key,
    bytes.toString("utf8", start, end),
  ]);
  return { members, closing: bytes.toString("utf8", result.objectEnd) };
}

const documents: readonly {
  readonly name: string;
  readonly text: string;
  readonly members: readonly (readonly [string, string])[];
  readonly closing?: string;
}[] = [
  { name: "no member", text: "{}", members: [] },
  { name: "white space", text: " { } \n", members: [], closing: "} \n" },
  {
    name: "values of every sort",
    text: '{"a":1,"b":"x","c":[1,{"a":2}],"d":{"e":null},"f":true}',
    members: [
      ["a", "1"],
      ["b", '"x"'],
      ["c", '[1,{"a":2}]'],
      ["d", '{"e":null}'],
      ["f", "true"],
    ],
  },
  {
    name: "a number beyond doubles",
    text: '{"seed":9007199254740993}',
    members: [["seed", "9007199254740993"]],
  },
  { name: "an escaped key", text: '{"mod\\u0065l":"m"}', members: [["model", '"m"']] },
  {
    name: "a key of the prototype",
    text: '{"__proto__":1,"constructor":2}',
    members: [
      ["__proto__", "1"],
      ["constructor", "2"],
    ],
  },
  { name: "an empty key", text: '{"":1}', members: [["", "1"]] },
  {
    name: "nested keys of the same name",
    text: '{"a":{"model":1},"model":2}',
    members: [
      ["a", '{"model":1}'],
      ["model", "2"],
    ],
  },
  {
    name: "white space everywhere",
    text: '{\n "a" :\t1 ,\r\n "b" : 2\n}',
    members: [
      ["a", "1"],
      ["b", "2"],
    ],
    closing: "}",
  },
];

for (const { name, text, members, closing = "}" } of documents) {
  t.test(`readTopLevel() tells the members when there is ${name}`, async (t) => {
    t.strictSame(read(text), { members, closing });
  });
}

const refused: readonly {
  readonly name: string;
  readonly text: string;
  readonly reason: string;
}[] = [
  { name: "nothing", text: "", reason: "it is not JSON" },
  { name: "white space only", text: " \n", reason: "it is not JSON" },
  { name: "a list", text: "[1]", reason: "it is not a JSON object" },
  { name: "a string", text: '"{}"', reason: "it is not a JSON object" },
  { name: "an object that is cut off", text: '{"a":1', reason: "it is not JSON" },
  { name: "a value that is cut off", text: '{"a":[1', reason: "it is not JSON" },
  { name: "a comma at the end", text: '{"a":1,}', reason: "it is not JSON" },
  { name: "no colon", text: '{"a" 1}', reason: "it is not JSON" },
  { name: "a key without quotes", text: "{a:1}", reason: "it is not JSON" },
  { name: "no comma", text: '{"a":1 "b":2}', reason: "it is not JSON" },
  { name: "more behind it", text: '{"a":1}{}', reason: "it is not JSON" },
  { name: "a byte order mark", text: '\ufeff{"a":1}', reason: "it is not JSON" },
  {
    name: "a key that comes twice",
    text: '{"a":1,"b":2,"a":3}',
    reason: "a key comes twice in one object",
  },
  {
    name: "a key that comes twice, once escaped",
    text: '{"a":1,"\\u0061":3}',
    reason: "a key comes twice in one object",
  },
  {
    name: "a key in two cases",
    text: '{"model":1,"Model":2}',
    reason: "a key comes twice in one object",
  },
  {
    name: "a key in two cases of Unicode",
    text: '{"stream":1,"\u017ftream":2}',
    reason: "a key comes twice in one object",
  },
];

for (const { name, text, reason } of refused) {
  t.test(`readTopLevel() refuses ${name}`, async (t) => {
    t.equal(read(text), reason);
  });
}

t.test("readTopLevel() refuses bytes that are no UTF-8", async (t) => {
  const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xff), Buffer.from('"}')]);
  t.strictSame(readTopLevel(bytes), { kind: "malformed", reason: "it is not UTF-8" });
});

t.test("readTopLevel() keeps no more members than anybody has", async (t) => {
  const members = Array.from({ length: 1_024 }, (_, index) => `"k${index}":0`);
  t.equal(readTopLevel(Buffer.from(`{${members.join(",")}}`)).kind, "ok");
  t.equal(read(`{${members.join(",")},"x":0}`), "an object has more than 1024 members");
});

t.test("readTopLevel() allows keys that come twice below the first level", async (t) => {
  t.strictSame(read('{"a":{"b":1,"b":2}}'), { members: [["a", '{"b":1,"b":2}']], closing: "}" });
});

t.test("readTopLevel() tells what JSON.parse does, for random documents", async (t) => {
  const random = seededRandom(21);
  const keys = ["model", "stream", "messages", "stream_options", "ünï", "a b", "x"];
  for (let left = 500; left > 0; left--) {
    const text = randomObject(random, keys);
    const bytes = Buffer.from(text);
    const result = readTopLevel(bytes);
    if (result.kind === "malformed") {
      t.fail(text);
      continue;
    }
    const found = [...result.members].map(([key, { start, end }]) => [
      key,
      JSON.parse(bytes.toString("utf8", start, end)),
    ]);
    t.strictSame(found, Object.entries(JSON.parse(text)), text);
  }
});

t.test("readMembers() tells the members of an object in the middle", async (t) => {
  const bytes = Buffer.from('[{"a":1},2]');
  const result = readMembers(bytes, 1);
  t.strictSame(result, {
    kind: "ok",
    members: new Map([["a", { start: 6, end: 7 }]]),
    folded: new Set(["a"]),
    objectEnd: 7,
  });
});

t.test("foldCase() makes keys alike that some parsers take for the same", async (t) => {
  t.equal(foldCase("MoDeL"), "model");
  t.equal(foldCase("\u017ftream"), "stream");
  t.equal(foldCase("\u212aey"), "key");
  t.equal(foldCase("max_tokens2"), "max_tokens2");
  t.equal(foldCase("max-Tokens"), "max-tokens");
  t.not(foldCase("model_"), foldCase("model"));
});
