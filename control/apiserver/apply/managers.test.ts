import t from "tap";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { emptyFieldSet, fieldSetOfPaths } from "./field-set.ts";
import {
  capManagers,
  equalManagers,
  managerKey,
  mapFields,
  maxManagers,
  maxUpdateManagers,
  tryReadManagers,
  withManagers,
  withoutManagers,
} from "./managers.ts";
import type { Manager } from "./managers.ts";

function manager(name: string, changes: Partial<Manager> = {}): Manager {
  return {
    name,
    operation: "Update",
    apiVersion: "v1",
    subresource: "",
    time: "2026-01-01T00:00:00Z",
    fields: fieldSetOfPaths([[`f:${name}`]]),
    ...changes,
  };
}

const byKey = (...list: Manager[]) => new Map(list.map((item) => [managerKey(item), item]));
const withEntries = (entries: JsonValue): JsonMap => ({
  metadata: { name: "a", managedFields: entries },
});

const entry = {
  manager: "anna",
  operation: "Apply",
  apiVersion: "v1",
  time: "2026-01-01T00:00:00Z",
  fieldsType: "FieldsV1",
  fieldsV1: { "f:a": {} },
  subresource: "status",
};

t.test("tryReadManagers() of withManagers() is the same", (t) => {
  const object = withEntries([entry]);
  const managers = tryReadManagers(object);
  t.same(managers && withManagers({ metadata: { name: "a" } }, managers), object);
  t.same(withoutManagers(object), { metadata: { name: "a" } });
  t.same(tryReadManagers(undefined), new Map());
  t.same(withManagers(object, new Map()), { metadata: { name: "a" } });
  t.end();
});

t.test("tryReadManagers() refuses what it cannot understand", (t) => {
  for (const changes of [
    { operation: "Patch" },
    { fieldsType: "FieldsV2" },
    { fieldsV1: { a: {} } },
    { fieldsV1: [] },
  ]) {
    t.equal(tryReadManagers(withEntries([{ ...entry, ...changes }])), undefined);
  }
  t.equal(tryReadManagers(withEntries(["x"])), undefined);
  t.equal(tryReadManagers(withEntries("x")), undefined);
  const many = Array.from({ length: maxManagers + 1 }, (_, at) => ({ ...entry, manager: `${at}` }));
  t.equal(tryReadManagers(withEntries(many)), undefined);
  t.end();
});

t.test("managerKey() tells updaters apart by version, appliers not", (t) => {
  const key = (operation: "Apply" | "Update", apiVersion: string) =>
    managerKey(manager("a", { operation, apiVersion }));
  t.equal(key("Apply", "v1"), key("Apply", "v2"));
  t.not(key("Update", "v1"), key("Update", "v2"));
  t.not(managerKey(manager("a")), managerKey(manager("a", { subresource: "status" })));
  t.end();
});

t.test("withManagers() sorts by operation, time and name", (t) => {
  const list = [
    manager("a", { time: "2026-01-02T00:00:00Z" }),
    manager("c"),
    manager("b"),
    manager("d", { operation: "Apply", time: "2026-01-03T00:00:00Z" }),
    manager("e", { time: undefined }),
  ];
  t.match(withManagers({}, byKey(...list)), {
    metadata: { managedFields: ["d", "e", "b", "c", "a"].map((name) => ({ manager: name })) },
  });
  t.end();
});

t.test("mapFields() forgets who owns nothing", (t) => {
  const managers = mapFields(byKey(manager("a"), manager("b")), ({ name, fields }) =>
    name === "a" ? emptyFieldSet : fields,
  );
  t.same([...managers.values()], [manager("b")]);
  t.end();
});

t.test("equalManagers() heeds fields and versions, not times", (t) => {
  const one = byKey(manager("a", { operation: "Apply" }));
  t.ok(equalManagers(one, byKey(manager("a", { operation: "Apply", time: undefined }))));
  t.notOk(equalManagers(one, byKey(manager("a", { operation: "Apply", apiVersion: "v2" }))));
  t.notOk(equalManagers(one, byKey(manager("a", { operation: "Apply", fields: emptyFieldSet }))));
  t.notOk(equalManagers(one, new Map()));
  t.end();
});

t.test("capManagers() counts the oldest updaters as one, and no applier", (t) => {
  const many = Array.from({ length: maxUpdateManagers + 3 }, (_, index) =>
    manager(`m${index}`, { time: `2026-01-01T00:00:${String(59 - index).padStart(2, "0")}Z` }),
  );
  const appliers = Array.from({ length: 20 }, (_, index) =>
    manager(`a${index}`, { operation: "Apply" }),
  );
  const capped = [...capManagers(byKey(...many, ...appliers)).values()];
  t.equal(capped.filter(({ operation }) => operation === "Apply").length, 20);
  const updaters = capped.filter(({ operation }) => operation === "Update");
  t.equal(updaters.length, maxUpdateManagers);
  t.same(
    updaters.find(({ name }) => name === "ancient-changes"),
    manager("ancient-changes", {
      time: "2026-01-01T00:00:50Z",
      fields: fieldSetOfPaths([["f:m12"], ["f:m11"], ["f:m10"], ["f:m9"]]),
    }),
  );
  t.same(capManagers(byKey(...appliers)), byKey(...appliers));
  t.end();
});
