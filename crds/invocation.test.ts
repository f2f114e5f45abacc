/** Invocation: a record with a schema and columns, and without a CRD. */
import t from "tap";
import { invocationKind, invocationPhases } from "./invocation.ts";
import { kindExample } from "./kind-examples.ts";
import { change, expectObject, testAcceptance, testRefusals } from "./testdata/kind-cases.ts";

const example = kindExample("Invocation");

t.test("Invocation is no stored kind", (t) => {
  t.strictSame([invocationKind.stored, invocationKind.hasStatus], [false, false]);
  t.strictSame(
    invocationKind.printerColumns.map(({ name }) => name),
    ["Agent", "Trigger", "Phase", "Calls", "Cost", "Exit", "Trace", "Age"],
  );
  t.end();
});

t.test("invocationPhases end with the four ends", (t) => {
  t.strictSame(invocationPhases.slice(3), ["Succeeded", "Failed", "Timeout", "Rejected"]);
  t.end();
});

t.test("parse() gives the record", (t) => {
  const { spec } = expectObject(invocationKind.parse(example));
  t.same(spec.trigger, { type: "HTTP", source: "curl" });
  t.end();
});

testAcceptance(invocationKind, example, [
  ["spec.trigger.type", "Cron"],
  ["spec.parentRef.kind", "Process"],
  ["spec.identity", { audiences: ["a"] }],
]);

testRefusals(invocationKind, change(example, "spec.identity", undefined), [
  ["metadata.name", "run-1", 'metadata.name: found "run-1", wanted a UUID in lower case'],
  [
    "spec.trigger.type",
    "http",
    'spec.trigger.type: found "http", wanted "HTTP", "Cron" or "CLI": did you mean "HTTP"?',
  ],
]);
