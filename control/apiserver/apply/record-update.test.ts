import t from "tap";
import { ownMap, ownValue, withKey } from "../json-tree.ts";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { fieldSetOfPaths } from "./field-set.ts";
import { objectSchema } from "./object-schemas.ts";
import { recordUpdate } from "./record-update.ts";
import type { UpdateOptions } from "./record-update.ts";
import { widget, widgetSchema } from "./testdata/widget.ts";

const schema = objectSchema(widgetSchema);
const noon = new Date("2026-11-29T12:00:00Z");
const later = new Date("2026-11-29T12:00:05Z");

function record(before: JsonMap | undefined, after: JsonMap, changes: Partial<UpdateOptions> = {}) {
  return recordUpdate({ before, after, manager: "anna", now: noon, schema, ...changes });
}

function stored(spec: JsonMap): JsonMap {
  return record(undefined, widget("a", { spec }, { uid: "u" }));
}

function withSpec(object: JsonMap, spec: JsonMap): JsonMap {
  return withKey(object, "spec", spec);
}

function owners(object: JsonMap): Record<string, JsonValue> {
  const list = ownValue(ownMap(object, "metadata"), "managedFields");
  const entries: JsonMap[] = JSON.parse(JSON.stringify(list ?? []));
  return Object.fromEntries(
    entries.map((entry) => [
      `${entry["manager"]} ${entry["time"]}`,
      ownValue(ownMap(entry, "fieldsV1"), "f:spec") ?? null,
    ]),
  );
}

t.test("recordUpdate() gives all of a new object to its writer, but no identity", (t) => {
  const object = record(
    undefined,
    widget("a", { spec: { size: 1 } }, { uid: "u", labels: { b: "c" } }),
  );
  t.same(ownMap(object, "metadata")?.["managedFields"], [
    {
      manager: "anna",
      operation: "Update",
      apiVersion: "bench.clrk.dev/v1",
      time: "2026-11-29T12:00:00Z",
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:metadata": { "f:labels": { ".": {}, "f:b": {} } },
        "f:spec": { ".": {}, "f:size": {} },
      },
    },
  ]);
  t.end();
});

t.test("recordUpdate() moves what is changed, and forgets what is removed", (t) => {
  const before = stored({ size: 1, name: "a", on: true });
  const after = record(before, withSpec(before, { size: 2, name: "a" }), {
    manager: "bert",
    now: later,
  });
  t.same(owners(after), {
    "anna 2026-11-29T12:00:00Z": { ".": {}, "f:name": {} },
    "bert 2026-11-29T12:00:05Z": { "f:size": {} },
  });
  t.end();
});

t.test("recordUpdate() changes nothing, not even a time, when nothing changes", (t) => {
  const before = stored({ size: 1 });
  t.same(record(before, before, { now: later }), before);
  t.same(record(before, before, { manager: "bert", now: later }), before);
  t.end();
});

t.test("recordUpdate() ends an entry that owns nothing any more", (t) => {
  const before = stored({ size: 1 });
  const bert = record(before, withSpec(before, { size: 1, name: "b" }), {
    manager: "bert",
    now: later,
  });
  const after = record(bert, withSpec(bert, { size: 1 }), { now: later });
  t.same(owners(after), { "anna 2026-11-29T12:00:00Z": { ".": {}, "f:size": {} } });
  t.end();
});

t.test("recordUpdate() leaves out what the way of writing resets", (t) => {
  const before = stored({ size: 1 });
  const after = { ...withSpec(before, { size: 2 }), status: { phase: "x" } };
  const status = { subresource: "status", reset: fieldSetOfPaths([["f:spec"]]), now: later };
  const object = record(before, after, status);
  t.match(ownMap(object, "metadata")?.["managedFields"], [
    { manager: "anna", fieldsV1: { "f:spec": { "f:size": {} } } },
    { manager: "anna", subresource: "status", fieldsV1: { "f:status": { "f:phase": {} } } },
  ]);
  t.end();
});

t.test(
  "recordUpdate() follows a writer that sends managedFields, unless it writes a subresource",
  (t) => {
    const before = stored({ size: 1 });
    const metadata = ownMap(before, "metadata") ?? {};
    const sent = (list: JsonValue) =>
      withKey(before, "metadata", withKey(metadata, "managedFields", list));
    t.same(owners(record(before, sent([{}]))), {});
    t.same(owners(record(before, sent([]))), owners(before));
    t.same(owners(record(before, sent(["nonsense"]))), owners(before));
    t.same(owners(record(before, sent([{}]), { subresource: "status" })), owners(before));
    const entry = {
      manager: "cleo",
      operation: "Apply",
      fieldsType: "FieldsV1",
      fieldsV1: { "f:spec": { "f:size": {} } },
    };
    t.same(owners(record(before, sent([entry]))), { "cleo undefined": { "f:size": {} } });
    t.end();
  },
);

t.test("recordUpdate() starts no owners on an object that has none", (t) => {
  const before = widget("a", { spec: { size: 1 } }, { uid: "u" });
  t.same(record(before, withSpec(before, { size: 2 })), withSpec(before, { size: 2 }));
  t.end();
});

t.test("recordUpdate() calls a writer without a name unknown", (t) => {
  t.match(record(undefined, widget("a", { spec: { size: 1 } }), { manager: "" }), {
    metadata: { managedFields: [{ manager: "unknown" }] },
  });
  t.end();
});
