/** Kinds from schemas: whole objects, old spellings, problems where they were written. */
import t from "tap";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { renameSpecFields } from "./legacy.ts";
import { dnsLabelFormat } from "./name-formats.ts";
import { array, integer, object } from "./schema.ts";

const spec = object({
  description: "",
  fields: {
    sizes: array({
      description: "",
      items: integer({ description: "", min: 0, max: 9 }),
      minItems: 1,
      maxItems: 3,
    }),
  },
});

const kind = defineKind({
  kind: "Thing",
  plural: "things",
  shortNames: ["th"],
  printerColumns: [ageColumn],
  schema: resource({ kind: "Thing", description: "A thing", spec }),
  convert: (value) =>
    renameSpecFields(value, [
      { from: "lengths", to: ["sizes"] },
      { from: "length", to: ["sizes"], single: true },
    ]),
});

const valid = {
  apiVersion: "clrk.apoxy.dev/v1alpha1",
  kind: "Thing",
  metadata: { name: "a" },
  spec: { sizes: [1] },
};

function messages(value: unknown): string[] {
  const result = kind.parse(value);
  return (result.kind === "invalid" ? result.problems : result.warnings).map(
    ({ message }) => message,
  );
}

t.test("defineKind() knows all names of the kind", (t) => {
  t.match(kind, {
    kind: "Thing",
    plural: "things",
    shortNames: ["th"],
    group: "clrk.apoxy.dev",
    version: "v1alpha1",
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    namespaced: true,
    printerColumns: [{ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }],
  });
  t.end();
});

t.test("parse() gives a typed object and drops status", (t) => {
  t.same(kind.parse({ ...valid, status: { conditions: [] } }), {
    kind: "valid",
    object: {
      ...valid,
      metadata: { name: "a", namespace: "default", labels: {}, annotations: {} },
    },
    warnings: [],
  });
  t.end();
});

t.test("parse() types the object", (t) => {
  const result = kind.parse(valid);
  if (result.kind === "valid") {
    const name: "Thing" = result.object.kind;
    const size: number | undefined = result.object.spec.sizes[0];
    t.strictSame([name, size], ["Thing", 1]);
  } else t.fail("invalid");
  t.end();
});

for (const [value, ...expected] of [
  [7, "object: found 7, wanted an object"],
  [null, "object: found null, wanted an object"],
  [
    {},
    'apiVersion: not set, wanted "clrk.apoxy.dev/v1alpha1"',
    'kind: not set, wanted "Thing"',
    "metadata: not set, wanted an object",
    "spec: not set, wanted an object",
  ],
  [{ ...valid, kind: "Other" }, 'kind: found "Other", wanted "Thing"'],
  [{ ...valid, apiVersion: "v1" }, 'apiVersion: found "v1", wanted "clrk.apoxy.dev/v1alpha1"'],
  [
    { ...valid, extra: 1 },
    'extra: unknown field; known: "apiVersion", "kind", "metadata", "spec", "status"',
  ],
  [{ ...valid, spec: { lengths: [1] } }, "spec.lengths: old spelling, write spec.sizes"],
  [
    { ...valid, spec: { lengths: [1, "x"] } },
    'spec.lengths[1]: found "x", wanted an integer from 0 to 9',
  ],
  [
    { ...valid, spec: { lengths: [] } },
    "spec.lengths: found an empty list, wanted a list of 1 to 3",
  ],
  [{ ...valid, spec: { length: 1 } }, "spec.length: old spelling, write spec.sizes"],
  [{ ...valid, spec: { length: "x" } }, 'spec.length: found "x", wanted an integer from 0 to 9'],
  [
    { ...valid, spec: { lengths: [1], sizes: ["x"] } },
    "spec.lengths: old spelling of spec.sizes, which is set as well; remove one",
    'spec.sizes[0]: found "x", wanted an integer from 0 to 9',
  ],
  [
    { ...valid, spec: { lengths: [1], sizes: [1] } },
    "spec.lengths: old spelling of spec.sizes, which is set as well; remove one",
  ],
] as const) {
  t.test(`parse() says ${expected[0].slice(0, 70)}`, (t) => {
    t.strictSame(messages(value), expected);
    t.end();
  });
}

t.test("resource() takes another form of names", (t) => {
  const strict = defineKind({
    kind: "Thing",
    plural: "things",
    shortNames: [],
    printerColumns: [],
    schema: resource({ kind: "Thing", description: "", spec, nameFormat: dnsLabelFormat }),
  });
  t.equal(strict.parse({ ...valid, metadata: { name: "a.b" } }).kind, "invalid");
  t.equal(strict.parse(valid).kind, "valid");
  t.end();
});
