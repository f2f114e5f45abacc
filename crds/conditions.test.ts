/** The vocabulary of status, and how a list of conditions changes. */
import t from "tap";
import {
  conditionReasons,
  conditionTypes,
  createCondition,
  replaceConditions,
  setCondition,
} from "./conditions.ts";
import type { Condition, ConditionReason, ReasonOf } from "./conditions.ts";

const noon = "2026-01-01T12:00:00Z";
const later = "2026-01-01T13:00:00Z";

function accepted(reason: ReasonOf<"Accepted"> & ConditionReason, now: string): Condition {
  return createCondition({
    type: "Accepted",
    reason,
    message: `is ${reason}`,
    observedGeneration: 1,
    now,
  });
}

t.test("the names are those that people and scripts wait for", (t) => {
  t.strictSame(Object.keys(conditionTypes), [
    "Accepted",
    "ResolvedRefs",
    "Enforcing",
    "Programmed",
    "Ready",
    "TranslationUnsupported",
    "WorkerPoolReady",
    "EgressConfigured",
    "RevisionReady",
    "Scheduled",
    "Active",
    "Configured",
    "Available",
    "Healthy",
  ]);
  t.strictSame(Object.keys(conditionReasons.Accepted), [
    "Accepted",
    "SpecValid",
    "InvalidSpec",
    "Invalid",
    "NoMatchingParent",
    "TargetNotFound",
    "Conflicted",
    "NotEnforced",
    "ProviderNotFound",
    "Pending",
  ]);
  t.strictSame(Object.keys(conditionReasons.ResolvedRefs), [
    "ResolvedRefs",
    "InvalidKind",
    "BackendNotFound",
    "SecretNotFound",
    "SecretKeyNotFound",
    "SecretInvalid",
    "CredentialNotMinted",
    "ExtensionNotFound",
    "SinkNotFound",
  ]);
  t.strictSame(Object.keys(conditionReasons.Programmed), ["Programmed", "Rejected", "Pending"]);
  t.strictSame(Object.keys(conditionReasons.Ready), [
    "GatewayProgrammed",
    "GatewayNotProgrammed",
    "GatewayMissing",
    "InvalidSpec",
    "WorkersReady",
    "NoWorkersReady",
  ]);
  t.end();
});

t.test("every condition type has a reason for True and one for False, each with a meaning", (t) => {
  for (const [type, reasons] of Object.entries(conditionReasons)) {
    const statuses = new Set(Object.values(reasons).map(({ status }) => status));
    t.ok(statuses.has("True") && statuses.has("False"), type);
    for (const [reason, { meaning }] of Object.entries(reasons)) {
      t.match(reason, /^[A-Z][A-Za-z]+$/);
      t.match(meaning, /^[A-Z].*[^.]$/);
    }
  }
  t.end();
});

t.test("createCondition() takes the status from the reason", (t) => {
  t.strictSame(accepted("Accepted", noon), {
    type: "Accepted",
    status: "True",
    reason: "Accepted",
    message: "is Accepted",
    observedGeneration: 1,
    lastTransitionTime: noon,
  });
  t.equal(accepted("NotEnforced", noon).status, "False");
  t.equal(accepted("Pending", noon).status, "Unknown");
  t.end();
});

t.test("createCondition() leaves out a generation that is not known", (t) => {
  const condition = createCondition({
    type: "Ready",
    reason: "GatewayMissing",
    message: "No Envoy runs",
    observedGeneration: undefined,
    now: noon,
  });
  t.notOk("observedGeneration" in condition);
  t.end();
});

t.test("createCondition() refuses a reason of another type", (t) => {
  const options = { type: "Accepted", message: "", observedGeneration: 1, now: noon } as const;
  t.throws(
    // @ts-expect-error the types forbid it, too
    () => createCondition({ ...options, reason: "GatewayMissing" }),
    new TypeError('Cannot create condition: Accepted has no reason "GatewayMissing"'),
  );
  t.end();
});

t.test("setCondition() appends a condition of a new type", (t) => {
  const list = setCondition([], accepted("Accepted", noon));
  t.strictSame(list, [accepted("Accepted", noon)]);
  t.end();
});

t.test("setCondition() keeps the transition time while the status stays", (t) => {
  const list = setCondition([accepted("InvalidSpec", noon)], accepted("Conflicted", later));
  t.strictSame(list, [{ ...accepted("Conflicted", later), lastTransitionTime: noon }]);
  t.end();
});

t.test("setCondition() takes the new transition time when the status changes", (t) => {
  const list = setCondition([accepted("InvalidSpec", noon)], accepted("Accepted", later));
  t.strictSame(list, [accepted("Accepted", later)]);
  t.end();
});

t.test("setCondition() returns the same list when nothing changes", (t) => {
  const list = [accepted("Accepted", noon)];
  t.equal(setCondition(list, accepted("Accepted", later)), list);
  t.not(setCondition(list, { ...accepted("Accepted", later), observedGeneration: 2 }), list);
  t.not(setCondition(list, { ...accepted("Accepted", later), message: "other" }), list);
  t.end();
});

t.test("setCondition() leaves conditions of other types where they are", (t) => {
  const ready = createCondition({
    type: "Ready",
    reason: "GatewayProgrammed",
    message: "",
    observedGeneration: 1,
    now: noon,
  });
  const list = setCondition([accepted("InvalidSpec", noon), ready], accepted("Accepted", later));
  t.strictSame(list, [accepted("Accepted", later), ready]);
  t.end();
});

t.test("replaceConditions() changes what is owned, and leaves what others wrote", (t) => {
  const [own, foreign] = [
    accepted("Accepted", noon),
    { ...accepted("Accepted", noon), type: "Ready" as const },
  ];
  const owned = new Set(["Accepted", "Active"]);
  const before = [foreign, { ...own, type: "Active" as const }, own];
  const next = accepted("Pending", later);
  t.strictSame(replaceConditions(before, [next], owned), [foreign, next]);
  t.equal(replaceConditions([foreign, own], [accepted("Accepted", later)], owned).length, 2);
  const same = [foreign, own];
  t.equal(replaceConditions(same, [accepted("Accepted", later)], owned), same, "nothing to write");
  t.end();
});
