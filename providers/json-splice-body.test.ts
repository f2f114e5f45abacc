import t from "tap";
import { editBody } from "./json-splice.ts";
import type { ObjectBody } from "./json-splice-body.ts";
import { readObjectBody, spliceObjectBody } from "./json-splice-body.ts";
import { appendMember } from "./json-splices.ts";
import { randomObject } from "./testdata/json-documents.ts";
import { seededRandom } from "./testdata/seeded-random.ts";

function bodyOf(bytes: Buffer | string): ObjectBody {
  const read = readObjectBody(Buffer.from(bytes));
  if (read.kind === "ok") return read.object;
  throw new TypeError(`Cannot read ${bytes}: ${read.reason}`);
}

t.test("readObjectBody() refuses what parsers read differently", async (test) => {
  const refused = { kind: "malformed", reason: "a key comes twice in one object" };
  test.strictSame(readObjectBody(Buffer.from('{"n":1,"N":2}')), refused);
});

const edits: readonly { readonly name: string; readonly text: string }[] = [
  { name: "a value that is replaced", text: '{"a":1,"model":"x" , "b":[2]}' },
  { name: "a first and a last value", text: '{"model":"x","a":{},"stream":true}' },
  { name: "two members that are added", text: '{"stream":true}' },
  { name: "a member of an empty object", text: " { } " },
  {
    name: "a member that is added within the last",
    text: '{"stream":true,"stream_options":{"a":1} }',
  },
  { name: "a member of an empty value", text: '{"stream":true,"stream_options":{},"z":"é"}' },
  { name: "null in the last place", text: '{"model":"é","stream":true,"stream_options":null}' },
];

for (const { name, text } of edits) {
  t.test(`spliceObjectBody() moves the members behind ${name}`, async (test) => {
    const edited = editBody(bodyOf(text), { model: "a longer näme", streamUsage: true });
    if (edited.kind === "malformed") throw new TypeError(edited.reason);
    test.equal(edited.changed, true);
    test.strictSame(edited.body, bodyOf(edited.body.bytes));
  });
}

t.test(
  "spliceObjectBody() knows a body as if it read it again, for random documents",
  async (test) => {
    const random = seededRandom(41);
    const keys = ["model", "stream", "stream_options", "messages", "ünï", "a", "x"];
    for (let left = 500; left > 0; left--) {
      const body = bodyOf(randomObject(random, keys));
      const splices = [...body.top.members]
        .filter(() => random() < 0.5)
        .map(([, range]) => ({ ...range, text: random() < 0.5 ? "0" : '{"é":[1,2,3]}' }));
      const isAdding = random() < 0.5;
      const added = isAdding ? [appendMember(body.top, "New", '"wért"')] : [];
      const spliced = spliceObjectBody(body, [...added, ...splices]);
      test.strictSame(spliced, bodyOf(spliced.bytes), body.bytes.toString());
    }
  },
);
