/** ExtensionRef filters of routes. */
import t from "tap";
import {
  compiled,
  conditionOf,
  decisions,
  gateway,
  hostPolicy,
  httpRoute,
  loggedBy,
  logging,
  object,
  target,
} from "./testdata/objects.ts";
import type { ParsedObject } from "../../crds/kinds.ts";
import { indexObjects } from "./object-index.ts";
import { judgeExtensions } from "./rule-extensions.ts";

const label = "EgressHTTPRoute default/r";

function apply(kind: string, ...policies: readonly ParsedObject[]) {
  const filters = [{ type: "ExtensionRef", extensionRef: target(kind, "p") }];
  return compiled(gateway(), httpRoute("r", ["a.example"], { rules: [{ filters }] }), ...policies);
}

const limit = object("RateLimitPolicy", "p", { requests: 1, window: "1s" });
const place = "spec.rules[0].filters[0].extensionRef";

t.test("judgeExtensions() takes a LoggingPolicy that only redacts headers", async (t) => {
  const result = apply("LoggingPolicy", object("LoggingPolicy", "p", { redactHeaders: ["x-a"] }));
  t.same(decisions(hostPolicy(result, "a.example")), ["allow EgressHTTPRoute r/0"]);
  t.equal(conditionOf(result, "LoggingPolicy default/p", "Accepted"), "Accepted: Valid");
});

const unenforced = [
  { field: "sinkRef", spec: { sinkRef: "audit" } },
  { field: "sinkRef", spec: { sinkRef: "audit", captureRequest: true } },
];

for (const { field, spec } of unenforced) {
  t.test(
    `judgeExtensions() refuses traffic under a LoggingPolicy with ${JSON.stringify(spec)}`,
    async (t) => {
      const result = apply("LoggingPolicy", object("LoggingPolicy", "p", spec));
      t.same(decisions(hostPolicy(result, "a.example")), ["deny not-enforced EgressHTTPRoute r/0"]);
      const what = `LoggingPolicy default/p with spec.${field}`;
      t.equal(
        conditionOf(result, label, "Accepted"),
        `NotEnforced: ${place} (${what}) is not enforced yet`,
      );
      t.equal(
        conditionOf(result, "LoggingPolicy default/p", "Accepted"),
        `NotEnforced: spec.${field} is not enforced yet`,
      );
    },
  );
}

t.test("judgeExtensions() takes captures, switched on or off", async (t) => {
  for (const captures of [true, false]) {
    const spec = { captureRequest: captures, captureResponse: captures };
    const result = apply("LoggingPolicy", object("LoggingPolicy", "p", spec));
    t.same(decisions(hostPolicy(result, "a.example")), ["allow EgressHTTPRoute r/0"]);
    t.equal(conditionOf(result, "LoggingPolicy default/p", "Accepted"), "Accepted: Valid");
  }
});

t.test("judgeExtensions() gives every LoggingPolicy in the order of the filters", async (t) => {
  const index = indexObjects([logging("a", {}), logging("b", {}), logging("c", {})]);
  const scope = { index, namespace: "default" };
  const found = judgeExtensions(loggedBy("b", "none", "a"), ["spec", "rules", 0], scope);
  t.same(
    found.logging.map(({ metadata }) => metadata.name),
    ["b", "a"],
  );
  t.same(
    found.missing.map(({ message }) => message),
    ["spec.rules[0].filters[1].extensionRef: LoggingPolicy default/none does not exist"],
  );
});

t.test("judgeExtensions() refuses traffic under a RateLimitPolicy, existing or not", async (t) => {
  for (const result of [apply("RateLimitPolicy", limit), apply("RateLimitPolicy")]) {
    t.same(decisions(hostPolicy(result, "a.example")), ["deny not-enforced EgressHTTPRoute r/0"]);
    t.equal(
      conditionOf(result, label, "Accepted"),
      `NotEnforced: ${place} (RateLimitPolicy default/p) is not enforced yet`,
    );
  }
  t.equal(
    conditionOf(apply("RateLimitPolicy", limit), "RateLimitPolicy default/p", "Accepted"),
    "NotEnforced: RateLimitPolicy is not enforced yet",
  );
});

t.test("judgeExtensions() refuses traffic under a LoggingPolicy that is missing", async (t) => {
  const result = apply("LoggingPolicy", object("LoggingPolicy", "team/p", {}));
  t.same(decisions(hostPolicy(result, "a.example")), ["deny not-enforced EgressHTTPRoute r/0"]);
  t.equal(
    conditionOf(result, label, "ResolvedRefs"),
    `ExtensionNotFound: ${place}: LoggingPolicy default/p does not exist`,
  );
});

t.test("judgeExtensions() shows the agent which object and field stand in the way", async (t) => {
  const [rule] = hostPolicy(apply("RateLimitPolicy", limit), "a.example").rules;
  t.same(rule?.action, {
    kind: "deny",
    status: 403,
    reason: "not-enforced",
    message: `Refused because ${label} cannot be enforced: ${place} (RateLimitPolicy default/p) is not enforced yet`,
  });
});
