/** CLRKConfig: one object without a setting; what would be sent home is refused. */
import t from "tap";
import { clrkConfigKind } from "./clrk-config.ts";
import {
  change,
  expectObject,
  objectOf,
  testAcceptance,
  testRefusals,
} from "./testdata/kind-cases.ts";

const only = change(objectOf("CLRKConfig", {}), "metadata.name", "default");

t.test("parse() takes the one object", (t) => {
  t.same(expectObject(clrkConfigKind.parse(only)).spec, {});
  t.end();
});

testAcceptance(clrkConfigKind, only, [["metadata.labels", { team: "a" }]]);

testRefusals(clrkConfigKind, only, [
  [
    "metadata.name",
    "second",
    'metadata.name: found "second", wanted "default", because there is one only',
  ],
  [
    "spec.notifications",
    { email: "a@x.com" },
    "spec.notifications: nothing is registered and nothing is polled; remove it",
  ],
]);
