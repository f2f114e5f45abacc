/** JSON paths: what can be said, and what is told about all else. */
import t from "tap";
import type { JsonPathStep } from "./json-path.ts";
import { jsonPathFormat, readJsonPath } from "./json-path.ts";

function name(text: string, isDeep = false): JsonPathStep {
  return { isDeep, selector: { kind: "name", name: text } };
}
const all = { isDeep: false, selector: { kind: "all" } } as const;

const readable: readonly (readonly [path: string, ...steps: JsonPathStep[]])[] = [
  ["$.messages[*].content", name("messages"), all, name("content")],
  ["$..email", name("email", true)],
  ["$..*", { ...all, isDeep: true }],
  ["$..[*]", { ...all, isDeep: true }],
  ["$[\"a b\"][ 'c.d' ]", name("a b"), name("c.d")],
  ["$.a[0]", name("a"), { isDeep: false, selector: { kind: "index", index: 0 } }],
  ["$.*", all],
  ["$.straße", name("straße")],
  ["$['']", name("")],
];

for (const [path, ...steps] of readable) {
  t.test(`readJsonPath() reads ${path}`, (t) => {
    t.same(readJsonPath(path), { kind: "valid", value: steps });
    t.same(jsonPathFormat.read(path), { kind: "valid", value: path });
    t.end();
  });
}

const hint = "filters and slices are not known";
const refused: readonly (readonly [path: string, detail: string])[] = [
  ["", 'it does not begin with "$"'],
  ["messages", 'it does not begin with "$"'],
  ["$", '"$" alone is the whole text: do not keep it at all'],
  ["$.", `no name, index or "*" at position 1; ${hint}`],
  ["$.a.", `no name, index or "*" at position 3; ${hint}`],
  ["$.a[-1]", `no name, index or "*" at position 3; ${hint}`],
  ["$.a[0:2]", `no name, index or "*" at position 3; ${hint}`],
  ["$.a[?@.b]", `no name, index or "*" at position 3; ${hint}`],
  ["$['a','b']", `no name, index or "*" at position 1; ${hint}`],
  ["$.[0]", `no name, index or "*" at position 1; ${hint}`],
  ["$a", `no name, index or "*" at position 1; ${hint}`],
  ["$...a", `no name, index or "*" at position 1; ${hint}`],
  ["$['a\\'b']", `no name, index or "*" at position 1; ${hint}`],
  [`$${".a".repeat(17)}`, "more than 16 steps"],
];

for (const [path, detail] of refused) {
  t.test(`readJsonPath() refuses ${JSON.stringify(path)}`, (t) => {
    t.same(readJsonPath(path), { kind: "invalid", detail });
    t.end();
  });
}
