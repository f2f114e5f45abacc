/** Metadata of objects, and how objects are named. */
import t from "tap";
import { API_VERSION, formatReference, objectMeta, referenceOf } from "./meta.ts";
import { dnsLabelFormat } from "./name-formats.ts";
import { parseSchema } from "./parse-schema.ts";

function messages(value: unknown): string[] {
  const result = parseSchema(objectMeta(), value);
  return result.kind === "invalid" ? result.problems.map(({ message }) => message) : [];
}

t.test("the API version is what manifests say", (t) => {
  t.equal(API_VERSION, "clrk.apoxy.dev/v1alpha1");
  t.end();
});

t.test("objectMeta() gives namespace, labels and annotations", (t) => {
  t.same(parseSchema(objectMeta(), { name: "a" }), {
    kind: "valid",
    value: { name: "a", namespace: "default", labels: {}, annotations: {} },
  });
  t.end();
});

t.test("objectMeta() takes what an API server returns, and drops what only that needs", (t) => {
  const result = parseSchema(objectMeta(), {
    name: "a",
    namespace: "team",
    uid: "0f1e",
    resourceVersion: "17",
    generation: 3,
    creationTimestamp: null,
    managedFields: [{ manager: "kubectl" }],
    ownerReferences: [],
    finalizers: ["x"],
    generateName: "a-",
    selfLink: "",
    deletionTimestamp: "2026-01-01T00:00:00Z",
    deletionGracePeriodSeconds: 30,
    labels: { "app.kubernetes.io/name": "a", tier: "" },
    annotations: { "Example.com/Note": "any text\n" },
  });
  t.same(result, {
    kind: "valid",
    value: {
      name: "a",
      namespace: "team",
      uid: "0f1e",
      resourceVersion: "17",
      generation: 3,
      labels: { "app.kubernetes.io/name": "a", tier: "" },
      annotations: { "Example.com/Note": "any text\n" },
    },
  });
  t.end();
});

const lowerCaseName =
  'a lower-case name: "a" to "z", digits, "-" and "." inside, at most 253 characters';
for (const [value, ...expected] of [
  [{}, `name: not set, wanted ${lowerCaseName}`],
  [{ name: "A" }, `name: found "A", wanted ${lowerCaseName}`],
  [{ name: "" }, `name: found an empty string, wanted ${lowerCaseName}`],
  [{ name: "a/b" }, `name: found "a/b", wanted ${lowerCaseName}`],
  [{ name: "x".repeat(254) }, "name: found 254 characters, wanted at most 253 characters"],
  [
    { name: "a", namespace: "a.b" },
    'namespace: found "a.b", wanted a DNS label: "a" to "z", digits and "-" inside, at most 63 characters',
  ],
  [{ name: "a", label: {} }, 'label: unknown field, did you mean "labels"?'],
  [
    { name: "a", labels: { "a b": "x", c: "d e", f: 1 } },
    'labels["a b"]: key is not a label key such as "app" or "example.com/app": not 1 to 63 letters, digits and inner "-", "_", "."',
    'labels.c: found "d e", wanted a label value: not at most 63 letters, digits and inner "-", "_", "."',
    "labels.f: found 1, wanted a label value",
  ],
  [{ name: "a", annotations: { x: 42 } }, "annotations.x: found a number, wanted a string"],
  [{ name: "a", annotations: "hunter2" }, "annotations: found a string, wanted an object"],
  [{ name: "a", generation: -1 }, "generation: found -1, wanted an integer of at least 0"],
] as const) {
  t.test(`objectMeta() says ${expected[0].slice(0, 60)}`, (t) => {
    t.strictSame(messages(value), expected);
    t.end();
  });
}

t.test("objectMeta() takes another form of names", (t) => {
  t.equal(parseSchema(objectMeta(dnsLabelFormat), { name: "a.b" }).kind, "invalid");
  t.end();
});

t.test("formatReference() names an object in a sentence", (t) => {
  const metadata = { name: "openai", namespace: "default", labels: {}, annotations: {} };
  const reference = referenceOf({ kind: "AIProviderRoute", metadata });
  t.strictSame(reference, { kind: "AIProviderRoute", namespace: "default", name: "openai" });
  t.equal(formatReference(reference), "AIProviderRoute default/openai");
  t.end();
});
