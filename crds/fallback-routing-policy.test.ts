/** FallbackRoutingPolicy: whole routes only, bounded retries, the old spelling. */
import t from "tap";
import { fallbackRoutingPolicyKind as kind } from "./fallback-routing-policy.ts";
import {
  change,
  expectObject,
  objectOf,
  testAcceptance,
  testRefusals,
} from "./testdata/kind-cases.ts";

const route = { group: "clrk.apoxy.dev", kind: "AIProviderRoute", name: "chat" };
const most = objectOf("FallbackRoutingPolicy", {
  targetRefs: [route],
  retry: {
    numRetries: 2,
    retriableStatusCodes: [429, 503],
    connectTimeout: "1500ms",
    perTryTimeout: "30s",
  },
  ejection: { maxEjectionTime: "60s" },
});

t.test("parse() keeps all that can be said, and makes nothing up", (t) => {
  t.same(expectObject(kind.parse(most)).spec, {
    targetRefs: [route],
    retry: {
      numRetries: 2,
      retriableStatusCodes: [429, 503],
      connectTimeout: "1.5s",
      perTryTimeout: "30s",
    },
    ejection: { maxEjectionTime: "1m0s" },
  });
  const least = objectOf("FallbackRoutingPolicy", { targetRefs: [route] });
  t.same(expectObject(kind.parse(least)).spec, { targetRefs: [route] });
  t.end();
});

testAcceptance(kind, most, [
  ["spec.retry", {}],
  ["spec.retry.numRetries", 0],
  ["spec.retry.numRetries", 5],
  ["spec.ejection", {}],
]);

const duration = 'a duration such as "30s" or "5m"';
testRefusals(kind, most, [
  ["spec.targetRefs", [], "spec.targetRefs: found an empty list, wanted a list of 1 to 16"],
  [
    "spec.targetRefs.0.kind",
    "MCPRoute",
    'spec.targetRefs[0].kind: found "MCPRoute", wanted "AIProviderRoute"',
  ],
  [
    "spec.targetRefs.0.sectionName",
    "a",
    'spec.targetRefs[0].sectionName: found "a", wanted none, because fallback is a matter of the whole route',
  ],
  ["spec.retry.numRetries", -1, "spec.retry.numRetries: found -1, wanted an integer from 0 to 5"],
  ["spec.retry.numRetries", 6, "spec.retry.numRetries: found 6, wanted an integer from 0 to 5"],
  [
    "spec.retry.retriableStatusCodes",
    [200],
    "spec.retry.retriableStatusCodes[0]: found 200, wanted an integer from 400 to 599",
  ],
  [
    "spec.retry.retriableStatusCodes",
    [503, 503],
    "spec.retry.retriableStatusCodes[1]: found 503, wanted different values: item 0 has it too",
  ],
  [
    "spec.retry.perTryTimeout",
    "0s",
    `spec.retry.perTryTimeout: found "0s", wanted ${duration}: it must be more than 0`,
  ],
  [
    "spec.retry.connectTimeout",
    "never",
    `spec.retry.connectTimeout: found "never", wanted ${duration}: no number at position 0`,
  ],
  [
    "spec.retry.retries",
    1,
    'spec.retry.retries: unknown field; known: "numRetries", "retriableStatusCodes", "connectTimeout", "perTryTimeout"',
  ],
  [
    "spec.ejection.maxEjectionTime",
    "-1s",
    `spec.ejection.maxEjectionTime: found "-1s", wanted ${duration}: it must be more than 0`,
  ],
]);

const old = change(change(most, "spec.targetRefs", undefined), "spec.parentRefs", [route]);

t.test("parse() takes the old parentRefs for targetRefs, with a warning", (t) => {
  const result = kind.parse(old);
  t.same(expectObject(result).spec.targetRefs, [route]);
  t.strictSame(result.kind === "valid" && result.warnings.map(({ message }) => message), [
    "spec.parentRefs: old spelling, write spec.targetRefs",
  ]);
  t.end();
});

testRefusals(kind, old, [
  [
    "spec.parentRefs.0.kind",
    "Backend",
    'spec.parentRefs[0].kind: found "Backend", wanted "AIProviderRoute"',
  ],
]);
