import t from "tap";
import { conflictCauses, conflictMessage, conflictsWith } from "./conflicts.ts";
import { fieldSetOfPaths } from "./field-set.ts";
import type { Manager } from "./managers.ts";

const rules = fieldSetOfPaths([["f:spec", "f:rules"]]);
const updater: Manager = {
  name: "kubectl-client-side-apply",
  operation: "Update",
  apiVersion: "clrk.apoxy.dev/v1alpha1",
  subresource: "",
  time: "2026-01-01T00:00:00Z",
  fields: rules,
};

t.test("conflictMessage() of one conflict is one line", (t) => {
  t.equal(
    conflictMessage(conflictsWith(updater, rules)),
    'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using clrk.apoxy.dev/v1alpha1: .spec.rules',
  );
  t.end();
});

t.test("conflictMessage() of more lists them under their manager", (t) => {
  const applier: Manager = { ...updater, name: "bert", operation: "Apply", subresource: "status" };
  const both = fieldSetOfPaths([
    ["f:spec", "f:b"],
    ["f:spec", "f:a"],
  ]);
  const conflicts = [...conflictsWith(updater, rules), ...conflictsWith(applier, both)];
  t.equal(
    conflictMessage(conflicts),
    [
      'Apply failed with 3 conflicts: conflicts with "bert" with subresource "status":',
      "- .spec.a",
      "- .spec.b",
      'conflicts with "kubectl-client-side-apply" using clrk.apoxy.dev/v1alpha1:',
      "- .spec.rules",
    ].join("\n"),
  );
  t.same(conflictCauses(conflicts)[1], {
    reason: "FieldManagerConflict",
    message: 'conflict with "bert" with subresource "status"',
    field: ".spec.a",
  });
  t.end();
});
