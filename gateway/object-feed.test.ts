/** Tests of the lines of an object feed. */
import t from "tap";
import { tryParseFeedLine } from "./object-feed.ts";

const object = { kind: "Secret", namespace: "default", name: "a" };
const lines = [
  { kind: "reset", directories: [] },
  { kind: "reset", directories: ["policy"] },
  { kind: "object", object },
  { kind: "object", object, file: "a.yaml", line: 3 },
  { kind: "removed", object },
  { kind: "problems", problems: [{ file: "a.yaml", line: 3, field: "", message: "is wrong" }] },
  { kind: "commit", resourceVersion: "17" },
];

t.test("tryParseFeedLine() reads every kind of line", async (t) => {
  for (const line of lines) t.strictSame(tryParseFeedLine(JSON.stringify(line)), line);
});

const refused = [
  { name: "nothing", text: "" },
  { name: "half a line", text: '{"kind":"res' },
  { name: "null", text: "null" },
  { name: "a list", text: "[]" },
  { name: "an unknown kind", text: '{"kind":"ping"}' },
  { name: "an object without one", text: '{"kind":"object"}' },
  { name: "a removal without a name", text: '{"kind":"removed","object":{"kind":"Secret"}}' },
  { name: "a removal of null", text: '{"kind":"removed","object":null}' },
  { name: "problems that are no list", text: '{"kind":"problems","problems":{}}' },
  { name: "a version that is a number", text: '{"kind":"commit","resourceVersion":1}' },
];

t.test("tryParseFeedLine() gives undefined for", async (t) => {
  for (const { name, text } of refused) t.equal(tryParseFeedLine(text), undefined, name);
});
