/** Tests of the list of resources: every one is found by its path, its kind and its place in the store. */
import t from "tap";
import { kinds } from "../../crds/kinds.ts";
import { allResources } from "./all-resources.ts";
import { createResourceRegistry } from "./resource-registry.ts";

const registry = createResourceRegistry(allResources());

t.test("allResources() has every kind that is stored, and none that is not", async (t) => {
  for (const { kind, apiVersion, plural, group, version, stored } of kinds) {
    t.equal(registry.findKind(apiVersion, kind) !== undefined, stored, kind);
    t.equal(registry.find(group, version, plural) !== undefined, stored, plural);
  }
});

t.test("find() and its like know exact names only", async (t) => {
  for (const resource of registry.all) {
    t.equal(registry.find(resource.group, resource.version, resource.plural), resource);
    t.equal(registry.findKind(resource.apiVersion, resource.kind), resource);
    t.ok(registry.findStorage(resource.storage), resource.storage);
  }
  t.equal(registry.find("", "v1", "constructor"), undefined);
  t.equal(registry.find("clrk.apoxy.dev", "v1", "backends"), undefined);
  t.equal(registry.findStorage("events")?.apiVersion, "v1", "the form that is stored");
  t.same(registry.groupVersions[0], { group: "", version: "v1" });
});

t.test("createResourceRegistry() refuses two resources of one path", async (t) => {
  const [first] = registry.all;
  if (first === undefined) throw new Error("Wanted a resource");
  t.throws(() => createResourceRegistry([first, first]), TypeError);
});
