/** Namespaces: their labels, and that they are in none themselves. */
import t from "tap";
import { namespaceKind, namespaceLabels } from "./namespace.ts";
import { change, expectObject, testAcceptance, testRefusals } from "./testdata/kind-cases.ts";

const least = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "team-a", labels: { team: "a" } },
};

t.test("parse() puts a Namespace into itself", async (t) => {
  const wanted = { name: "team-a", namespace: "team-a", labels: { team: "a" }, annotations: {} };
  t.same(expectObject(namespaceKind.parse(least)), { ...least, metadata: wanted });
  const parsed = expectObject(namespaceKind.parse(change(least, "status.phase", "Active")));
  t.ok(Object.isFrozen(parsed) && Object.isFrozen(parsed.metadata));
});

testAcceptance(namespaceKind, least, [
  ["spec", { finalizers: ["kubernetes"] }],
  ["metadata.namespace", "team-a"],
]);

testRefusals(namespaceKind, least, [
  [
    "metadata.namespace",
    "other",
    'metadata.namespace: found "other", wanted none, because a Namespace is in no namespace',
  ],
]);

t.test("namespaceLabels() has the name of every namespace, whatever labels say", async (t) => {
  const name = "kubernetes.io/metadata.name";
  t.same([...namespaceLabels("x", undefined)], [[name, "x"]]);
  const posing = expectObject(
    namespaceKind.parse(change(least, "metadata.labels", { team: "a", [name]: "default" })),
  );
  t.same(Object.fromEntries(namespaceLabels("team-a", posing)), { team: "a", [name]: "team-a" });
});
