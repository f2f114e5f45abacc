import t from "tap";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { jsonPatch, maxCopiedBytes, maxPatchOperations } from "./json-patch.ts";

const document = { a: { b: 1, list: ["x", "y"] }, c: null };

const patched: { name: string; patch: JsonValue; object: JsonMap }[] = [
  { name: "nothing", patch: [], object: document },
  {
    name: "adds a key, and over one",
    patch: [
      { op: "add", path: "/d", value: 1 },
      { op: "add", path: "/a/b", value: 2 },
    ],
    object: { a: { b: 2, list: ["x", "y"] }, c: null, d: 1 },
  },
  {
    name: "adds items before, in between and at the end",
    patch: [
      { op: "add", path: "/a/list/0", value: "v" },
      { op: "add", path: "/a/list/-", value: "z" },
      { op: "add", path: "/a/list/-1", value: "last" },
      { op: "add", path: "/a/list/1", value: "w" },
    ],
    object: { a: { b: 1, list: ["v", "w", "x", "y", "z", "last"] }, c: null },
  },
  {
    name: "removes keys and items",
    patch: [
      { op: "remove", path: "/a/list/0" },
      { op: "remove", path: "/a/list/-1" },
      { op: "remove", path: "/c" },
    ],
    object: { a: { b: 1, list: [] } },
  },
  {
    name: "replaces, and sets a key that is not there",
    patch: [
      { op: "replace", path: "/a/list/1", value: "z" },
      { op: "replace", path: "/d", value: 1 },
    ],
    object: { a: { b: 1, list: ["x", "z"] }, c: null, d: 1 },
  },
  {
    name: "moves in a list, and from one key to another",
    patch: [
      { op: "move", from: "/a/list/1", path: "/a/list/0" },
      { op: "move", from: "/a/b", path: "/d" },
    ],
    object: { a: { list: ["y", "x"] }, c: null, d: 1 },
  },
  {
    name: "copies",
    patch: [{ op: "copy", from: "/a/list", path: "/d" }],
    object: { ...document, d: ["x", "y"] },
  },
  {
    name: "tests by value, whatever the order of keys",
    patch: [
      { op: "test", path: "/a", value: { list: ["x", "y"], b: 1 } },
      { op: "test", path: "/c", value: null },
      { op: "test", path: "/gone", value: null },
    ],
    object: document,
  },
  { name: "replaces all", patch: [{ op: "replace", path: "", value: { e: 1 } }], object: { e: 1 } },
];

for (const { name, patch, object } of patched) {
  t.test(`jsonPatch() ${name}`, (t) => {
    t.same(jsonPatch(document, patch), { kind: "patched", object });
    t.end();
  });
}

const refused: { patch: JsonMap; message: string }[] = [
  {
    patch: { op: "test", path: "/a/b", value: 2 },
    message: "testing value /a/b failed: test failed",
  },
  {
    patch: { op: "remove", path: "/d" },
    message: "error in remove for path: '/d': Unable to remove nonexistent key: d: missing value",
  },
  {
    patch: { op: "remove", path: "/d/e" },
    message: 'remove operation does not apply: doc is missing path: "/d/e": missing value',
  },
  {
    patch: { op: "add", path: "/a/list/3", value: 1 },
    message:
      "error in add for path: '/a/list/3': Unable to access invalid index: 3: invalid index referenced",
  },
  {
    patch: { op: "replace", path: "/a/list/2", value: 1 },
    message:
      "error in replace for path: '/a/list/2': Unable to access invalid index: 2: invalid index referenced",
  },
  {
    patch: { op: "move", from: "/a", path: "/a/b/c" },
    message: 'move operation does not apply: "/a/b/c" is inside "/a"',
  },
  {
    patch: { op: "copy", from: "/d", path: "/e" },
    message: "copy operation does not apply: doc is missing from path: /d: missing value",
  },
  { patch: { op: "swap", path: "/a" }, message: "Unexpected kind: swap" },
  { patch: { path: "/a" }, message: "a JSON patch operation must have an op" },
  { patch: { op: "add", path: "/a" }, message: 'add operation: "value" is missing' },
  {
    patch: { op: "add", path: "a", value: 1 },
    message: 'add operation: "path" must be a JSON pointer',
  },
  { patch: { op: "move", path: "/a" }, message: 'move operation: "from" must be a JSON pointer' },
  { patch: { op: "replace", path: "", value: 1 }, message: "the patched object is no JSON object" },
];

for (const { patch, message } of refused) {
  t.test(`jsonPatch() refuses ${JSON.stringify(patch)}`, (t) => {
    const before = structuredClone(document);
    const first = { op: "add", path: "/first", value: 1 };
    t.same(jsonPatch(document, [first, patch]), { kind: "refused", reason: "Invalid", message });
    t.same(document, before, "the object stays as it is");
    t.end();
  });
}

t.test("jsonPatch() refuses what is no patch", (t) => {
  for (const patch of [null, {}, "x", ["x"], [[]]] satisfies JsonValue[]) {
    t.match(jsonPatch(document, patch), { kind: "refused", reason: "BadRequest" });
  }
  t.end();
});

t.test("jsonPatch() bounds operations, copies and depth", (t) => {
  const test = { op: "test", path: "/a/b", value: 1 };
  t.match(
    jsonPatch(
      document,
      Array.from({ length: maxPatchOperations }, () => test),
    ),
    {
      kind: "patched",
    },
  );
  t.same(
    jsonPatch(
      document,
      Array.from({ length: maxPatchOperations + 1 }, () => test),
    ),
    {
      kind: "refused",
      reason: "RequestEntityTooLarge",
      message:
        "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
    },
  );
  const doubling = Array.from({ length: 40 }, () => ({
    op: "copy",
    from: "/list",
    path: "/list/-",
  }));
  const copied = jsonPatch({ list: ["x".repeat(1000)] }, doubling);
  t.match(copied, {
    kind: "refused",
    reason: "Invalid",
    message: RegExp(`limit ${maxCopiedBytes}`),
  });
  const nesting = Array.from({ length: 300 }, () => [
    { op: "move", from: "/a", path: "/b" },
    { op: "add", path: "/a", value: {} },
    { op: "move", from: "/b", path: "/a/b" },
  ]).flat();
  t.match(jsonPatch({ a: {} }, nesting), { kind: "refused", message: /nested too deeply/ });
  t.end();
});

t.test("jsonPatch() stops before many operations on a large list take long", (t) => {
  const list = Array.from({ length: 100_000 }, () => 1);
  const adding = Array.from({ length: 10_000 }, () => ({ op: "add", path: "/list/0", value: 1 }));
  const startedMs = performance.now();
  const outcome = jsonPatch({ list }, adding);
  t.match(outcome, { kind: "refused", reason: "RequestEntityTooLarge" });
  t.ok(performance.now() - startedMs < 20_000);
  t.equal(jsonPatch({ list }, adding.slice(0, 50)).kind, "patched");
  t.end();
});

t.test("jsonPatch() takes __proto__ for a key", (t) => {
  const outcome = jsonPatch({}, [
    { op: "add", path: "/__proto__", value: {} },
    { op: "add", path: "/__proto__/polluted", value: true },
    { op: "remove", path: "/__proto__/polluted" },
  ]);
  t.equal(Reflect.get({}, "polluted"), undefined);
  t.same(outcome.kind === "patched" && Object.keys(outcome.object), ["__proto__"]);
  const inherited = jsonPatch({}, [{ op: "add", path: "/constructor/prototype/x", value: 1 }]);
  t.match(inherited, { kind: "refused", reason: "Invalid" });
  t.end();
});
