import t from "tap";
import { equalJson, ownMap, ownValue, withKey } from "../json-tree.ts";
import type { JsonMap } from "../json-tree.ts";
import { applyPatch } from "./apply-patch.ts";
import type { ApplyOptions } from "./apply-patch.ts";
import { LAST_APPLIED_ANNOTATION } from "./last-applied.ts";
import { hasPath, pathsOf } from "./field-set.ts";
import { tryReadManagers, withoutManagers } from "./managers.ts";
import { objectSchema } from "./object-schemas.ts";
import { fieldsOf } from "./owned-fields.ts";
import { recordUpdate } from "./record-update.ts";
import { randomWidget, seededRandom } from "./testdata/random-widget.ts";
import { widget, widgetSchema } from "./testdata/widget.ts";
import { isSameButTimes } from "./system-fields.ts";

const schema = objectSchema(widgetSchema);
const noon = new Date("2026-11-29T12:00:00Z");
const later = new Date("2026-11-29T12:00:05Z");

function attempt(live: JsonMap | undefined, applied: JsonMap, changes: Partial<ApplyOptions> = {}) {
  return applyPatch({
    live,
    applied,
    manager: "anna",
    force: false,
    now: noon,
    schema,
    ...changes,
  });
}

function apply(
  live: JsonMap | undefined,
  applied: JsonMap,
  changes: Partial<ApplyOptions> = {},
): JsonMap {
  const outcome = attempt(live, applied, changes);
  if (outcome.kind !== "merged") throw new Error(`Cannot apply: ${JSON.stringify(outcome)}`);
  return outcome.object;
}

const spec = (parts: JsonMap, metadata: JsonMap = {}) => widget("a", { spec: parts }, metadata);
const withUid = (object: JsonMap) =>
  withKey(object, "metadata", withKey(ownMap(object, "metadata") ?? {}, "uid", "u"));

t.test("applyPatch() makes a new object, its fields the applier's", (t) => {
  t.same(apply(undefined, spec({ size: 1, inner: { first: "a" } })), {
    ...spec({ size: 1, inner: { first: "a" } }),
    metadata: {
      name: "a",
      namespace: "default",
      managedFields: [
        {
          manager: "anna",
          operation: "Apply",
          apiVersion: "bench.clrk.dev/v1",
          time: "2026-11-29T12:00:00Z",
          fieldsType: "FieldsV1",
          fieldsV1: { "f:spec": { "f:inner": { "f:first": {} }, "f:size": {} } },
        },
      ],
    },
  });
  t.end();
});

t.test("applyPatch() of the same gives the very object back", (t) => {
  const live = withUid(apply(undefined, spec({ size: 1, tags: ["a"] })));
  t.equal(apply(live, spec({ size: 1, tags: ["a"] }), { now: later }), live);
  const repeated = spec(
    { size: 1, tags: ["a"] },
    { resourceVersion: "7", creationTimestamp: null },
  );
  t.equal(apply(live, repeated, { now: later }), live);
  t.end();
});

t.test("applyPatch() removes what is no longer applied and nobody else owns", (t) => {
  const first = apply(undefined, spec({ size: 1, name: "a", tags: ["a", "b"] }));
  const shared = apply(first, spec({ name: "a", tags: ["b"] }), { manager: "bert" });
  t.same(ownValue(apply(shared, spec({ tags: ["c"] })), "spec"), { name: "a", tags: ["b", "c"] });
  t.end();
});

t.test("applyPatch() shares a field that both set to the same", (t) => {
  const both = apply(apply(undefined, spec({ size: 1 })), spec({ size: 1 }), { manager: "bert" });
  t.equal(tryReadManagers(both)?.size, 2);
  t.same(ownValue(apply(both, spec({})), "spec"), { size: 1 });
  t.end();
});

t.test("applyPatch() overrules nobody unless it is told to", (t) => {
  const live = withUid(apply(undefined, spec({ size: 1, name: "a" })));
  const applied = spec({ size: 2, name: "a" });
  t.same(attempt(live, applied, { manager: "bert" }), {
    kind: "conflict",
    conflicts: [{ manager: '"anna"', path: ".spec.size" }],
  });
  const forced = apply(live, applied, { manager: "bert", force: true });
  t.same(ownValue(forced, "spec"), { size: 2, name: "a" });
  const [anna] = [...(tryReadManagers(forced)?.values() ?? [])];
  t.same(anna && pathsOf(anna.fields), [["f:spec", "f:name"]]);
  t.end();
});

t.test("applyPatch() takes an object without owners as somebody's before", (t) => {
  const live = spec({ size: 1, name: "a" }, { uid: "u" });
  t.same(attempt(live, spec({ size: 2 })), {
    kind: "conflict",
    conflicts: [{ manager: '"before-first-apply" using bench.clrk.dev/v1', path: ".spec.size" }],
  });
  t.match(apply(live, spec({ size: 1 })), {
    metadata: { managedFields: [{ manager: "anna" }, { manager: "before-first-apply" }] },
  });
  t.end();
});

t.test("applyPatch() leaves to kubectl what it applied on the client's side", (t) => {
  const lastApplied = JSON.stringify(spec({ size: 1, name: "a" }));
  const annotations = { [LAST_APPLIED_ANNOTATION]: lastApplied };
  const created = spec({ size: 1, name: "a" }, { uid: "u", annotations });
  const manager = "kubectl-client-side-apply";
  const live = recordUpdate({ before: undefined, after: created, manager, now: noon, schema });
  t.equal(attempt(live, spec({ size: 2 }), { manager: "bert" }).kind, "conflict");
  const taken = apply(live, spec({ size: 2, name: "a" }), { manager: "kubectl" });
  t.same(ownValue(taken, "spec"), { size: 2, name: "a" });
  t.match(
    ownValue(ownMap(ownMap(taken, "metadata"), "annotations"), LAST_APPLIED_ANNOTATION),
    /"size":2/,
  );
  const edited = { before: live, after: { ...live, spec: { size: 3, name: "a" } } };
  const afterEdit = recordUpdate({ ...edited, manager: "kubectl-edit", now: later, schema });
  t.same(attempt(afterEdit, spec({ size: 2, name: "b" }), { manager: "kubectl" }), {
    kind: "conflict",
    conflicts: [{ manager: '"kubectl-edit" using bench.clrk.dev/v1', path: ".spec.size" }],
  });
  t.end();
});

const deep = JSON.parse(`${'{"a":'.repeat(300)}1${"}".repeat(300)}`);
const unreadable = spec({}, { uid: "u", managedFields: ["x"] });

for (const { name, live, applied, message } of [
  {
    name: "managedFields",
    live: undefined,
    applied: spec({}, { managedFields: [] }),
    message: "metadata.managedFields must be nil",
  },
  {
    name: "an unknown field",
    live: undefined,
    applied: spec({ nope: 1 }),
    message:
      "failed to create typed patch object (default/a; bench.clrk.dev/v1, Kind=Widget): .spec.nope: field not declared in schema",
  },
  {
    name: "depth",
    live: undefined,
    applied: spec({ anything: deep }),
    message: "the applied object is nested too deeply",
  },
  {
    name: "owners that cannot be read",
    live: unreadable,
    applied: spec({}),
    message: "failed to decode managed fields of the stored object",
  },
]) {
  t.test(`applyPatch() refuses ${name}`, (t) => {
    t.same(attempt(live, applied), { kind: "invalid", message });
    t.end();
  });
}

t.test("applyPatch() takes null for no managedFields, and __proto__ for a key", (t) => {
  t.equal(attempt(undefined, spec({}, { managedFields: null })).kind, "merged");
  const odd = JSON.parse('{"__proto__":{"polluted":"x"},"a":"b"}');
  const object = apply(undefined, spec({ anything: odd }));
  t.equal(Reflect.get({}, "polluted"), undefined);
  t.same(Object.keys(ownMap(ownMap(object, "spec"), "anything") ?? {}), ["__proto__", "a"]);
  t.end();
});

t.test("applies in any order keep the laws of ownership", (t) => {
  for (let seed = 0; seed < 150; seed++) {
    const random = seededRandom(seed);
    let live: JsonMap | undefined;
    for (let count = 0; count < 8; count++) {
      const manager = random.pick(["anna", "bert", "cleo"]);
      const applied = randomWidget(random, "a", true);
      const before = structuredClone(live);
      const outcome = attempt(live, applied, { manager, force: random.below(2) === 0 });
      t.same(live, before, "the live object stays as it is");
      if (outcome.kind !== "merged") continue;
      live = withUid(outcome.object);
      // As in Kubernetes an empty list owns nothing: it goes with what is beside or in it, and comes back the next time.
      const isExempt = JSON.stringify([before ?? null, applied]).includes("[]");
      checkLaws(t, { live, applied, manager, isExempt });
    }
  }
  t.end();
});

interface Law {
  readonly live: JsonMap;
  readonly applied: JsonMap;
  readonly manager: string;
  readonly isExempt: boolean;
}

function checkLaws(
  t: { ok(value: unknown, message: string): unknown },
  { live, applied, manager, isExempt }: Law,
): void {
  const again = apply(live, applied, { manager, now: later });
  const third = apply(again, applied, { manager, now: later });
  t.ok(isSameButTimes(third, again), "applying a third time changes nothing");
  if (!isExempt) t.ok(isSameButTimes(again, live), "applying again changes nothing");
  const managers = [...(tryReadManagers(live)?.values() ?? [])];
  const present = fieldsOf(withoutManagers(live), schema);
  for (const { fields } of managers) {
    for (const path of pathsOf(fields)) {
      const isThere = hasPath(present, path) || isContainer(live, path) || isExempt;
      t.ok(isThere, `what is owned is there: ${path.join("")}`);
    }
  }
  const own = managers.find(({ name }) => name === manager);
  for (const path of pathsOf(fieldsOf(applied, schema))) {
    if (path[0] !== "f:spec") continue;
    t.ok(own && hasPath(own.fields, path), `what is applied is owned: ${path.join("")}`);
  }
  const merged = ownMap(live, "spec") ?? {};
  for (const [key, value] of Object.entries(ownMap(applied, "spec") ?? {})) {
    if (typeof value !== "object")
      t.ok(equalJson(ownValue(merged, key), value), "what is applied holds");
  }
}

/** A container that was applied as an empty one, and has parts of others now. */
function isContainer(live: JsonMap, path: readonly string[]): boolean {
  let value: unknown = live;
  for (const element of path) {
    if (!element.startsWith("f:")) return true;
    value = Reflect.get(Object(value), element.slice(2));
  }
  return typeof value === "object" && value !== null;
}
