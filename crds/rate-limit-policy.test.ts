/** RateLimitPolicy: a positive number in a positive time. */
import t from "tap";
import { rateLimitPolicyKind as kind } from "./rate-limit-policy.ts";
import { expectObject, objectOf, testAcceptance, testRefusals } from "./testdata/kind-cases.ts";

const least = objectOf("RateLimitPolicy", { requests: 10, window: "60s" });

t.test("parse() counts for each agent by default, and writes the window canonically", (t) => {
  t.same(expectObject(kind.parse(least)).spec, { requests: 10, window: "1m0s", scope: "PerAgent" });
  t.end();
});

testAcceptance(kind, least, [
  ["spec.requests", 1],
  ["spec.requests", 2_147_483_647],
  ["spec.window", "100ms"],
  ["spec.scope", "PerExecution"],
  ["spec.scope", "PerRoute"],
  ["spec.shared", {}],
  ["spec.shared", { onUnreachable: "LocalShare" }],
  ["spec.shared", { onUnreachable: "Local" }],
]);

t.test("parse() refuses what replicas cannot be asked about, unless told", (t) => {
  const shared = objectOf("RateLimitPolicy", { requests: 10, window: "60s", shared: {} });
  t.same(expectObject(kind.parse(shared)).spec.shared, { onUnreachable: "Refuse" });
  t.end();
});

const duration = 'a duration such as "30s" or "5m"';
testRefusals(kind, least, [
  ["spec.requests", undefined, "spec.requests: not set, wanted an integer from 1 to 2147483647"],
  ["spec.requests", 0, "spec.requests: found 0, wanted an integer from 1 to 2147483647"],
  ["spec.requests", -1, "spec.requests: found -1, wanted an integer from 1 to 2147483647"],
  [
    "spec.requests",
    2_147_483_648,
    "spec.requests: found 2147483648, wanted an integer from 1 to 2147483647",
  ],
  ["spec.requests", "10", 'spec.requests: found "10", wanted an integer from 1 to 2147483647'],
  ["spec.window", undefined, `spec.window: not set, wanted ${duration}`],
  ["spec.window", 60, `spec.window: found 60, wanted ${duration}`],
  ["spec.window", "0s", `spec.window: found "0s", wanted ${duration}: it must be more than 0`],
  ["spec.window", "-1m", `spec.window: found "-1m", wanted ${duration}: it must be more than 0`],
  [
    "spec.window",
    "1 minute",
    `spec.window: found "1 minute", wanted ${duration}: no unit " minute"; units are h, m, s, ms, us`,
  ],
  ["spec.window", "1d", `spec.window: found "1d", wanted ${duration}: no unit "d"; write hours`],
  [
    "spec.scope",
    "Agent",
    'spec.scope: found "Agent", wanted "PerAgent", "PerExecution" or "PerRoute"',
  ],
  [
    "spec.scope",
    "perAgent",
    'spec.scope: found "perAgent", wanted "PerAgent", "PerExecution" or "PerRoute": did you mean "PerAgent"?',
  ],
  [
    "spec.request",
    1,
    'spec.request: unknown field; known: "requests", "window", "scope", "shared"',
  ],
  [
    "spec.shared",
    { onUnreachable: "Allow" },
    'spec.shared.onUnreachable: found "Allow", wanted "Refuse", "LocalShare" or "Local"',
  ],
]);
