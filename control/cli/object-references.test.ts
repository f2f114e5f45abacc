/** Tests of which fields count as references. */
import t from "tap";
import { referencesIn } from "./object-references.ts";
import type { StoredObject } from "./stored-object.ts";

function objectOf(kind: string, spec: object, metadata: object = {}): StoredObject {
  return {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind,
    metadata: { name: "it", namespace: "default", ...metadata },
    spec,
  };
}

const secret = objectOf("Secret", {}, { uid: "u-1" });

for (const { name, spec, target, fields } of [
  {
    name: "a reference with its kind",
    spec: { targetRefs: [{ kind: "Secret", name: "it" }] },
    target: secret,
    fields: ["spec.targetRefs[0]"],
  },
  {
    name: "a reference whose field names the kind",
    spec: { a: { secretRef: { name: "it", key: "k" } } },
    target: secret,
    fields: ["spec.a.secretRef"],
  },
  {
    name: "a name alone",
    spec: { workerPoolRef: "it" },
    target: objectOf("WorkerPool", {}),
    fields: ["spec.workerPoolRef"],
  },
  {
    name: "another kind",
    spec: { ref: { kind: "Backend", name: "it" } },
    target: secret,
    fields: [],
  },
  { name: "another name", spec: { secretRef: { name: "other" } }, target: secret, fields: [] },
  {
    name: "another namespace",
    spec: { ref: { kind: "Secret", name: "it", namespace: "team" } },
    target: secret,
    fields: [],
  },
  { name: "text that happens to be the name", spec: { path: "it" }, target: secret, fields: [] },
]) {
  t.test(`referencesIn() looks at ${name}`, (t) => {
    const found = referencesIn(objectOf("TaskAgent", spec), target);
    t.strictSame(
      found.map(({ field }) => field),
      fields,
    );
    t.end();
  });
}

t.test("referencesIn() takes owners by uid", (t) => {
  const ownerReferences = [{ kind: "Secret", name: "it", uid: "u-1" }, { uid: "u-2" }];
  const found = referencesIn(objectOf("Backend", {}, { ownerReferences }), secret);
  t.match(found, [{ kind: "Backend", name: "it", field: "metadata.ownerReferences[0]" }]);
  t.equal(found.length, 1);
  t.end();
});
