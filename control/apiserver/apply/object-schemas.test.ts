import t from "tap";
import { findCoreSchema, initialObject, objectMetaSchema, objectSchema } from "./object-schemas.ts";
import { checkTyped } from "./typed-check.ts";

t.test("objectSchema() puts Kubernetes' metadata in, whatever the kind says", (t) => {
  const kind = {
    type: "object",
    properties: { metadata: { type: "object" }, spec: { type: "object", unset: undefined } },
  };
  const schema = objectSchema(kind);
  t.same(schema["properties"], {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: objectMetaSchema,
    spec: { type: "object" },
  });
  t.same(kind.properties.metadata, { type: "object" });
  t.end();
});

t.test("findCoreSchema() knows core kinds by exact version", (t) => {
  const secret = findCoreSchema("v1", "Secret") ?? {};
  t.equal(checkTyped({ kind: "Secret", data: { a: "YQ==" }, type: "Opaque" }, secret), undefined);
  t.equal(checkTyped({ spec: {} }, secret), ".spec: field not declared in schema");
  t.equal(findCoreSchema("v2", "Secret"), undefined);
  t.equal(findCoreSchema("v1", "Pod"), undefined);
  t.end();
});

t.test("initialObject() has the empty fields of some core kinds", (t) => {
  t.same(initialObject({ apiVersion: "v1", kind: "Namespace", metadata: {} }), {
    apiVersion: "v1",
    kind: "Namespace",
    spec: {},
    status: {},
  });
  t.same(initialObject({ apiVersion: "a/v1", kind: "Widget", spec: 1 }), {
    apiVersion: "a/v1",
    kind: "Widget",
  });
  t.end();
});
