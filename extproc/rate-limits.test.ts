/** Unit tests of who is counted together, and of several limits at once. */
import t from "tap";
import type { LimitPlan } from "../gateway/snapshot.ts";
import { callerParts, identitySeparator } from "../gateway/xds.ts";
import { createLimiter } from "./testdata/limiter.ts";

const route = { kind: "AIProviderRoute", namespace: "default", name: "a" };
const otherRoute = { ...route, name: "b" };

function limit(scope: LimitPlan["scope"], changes: Partial<LimitPlan> = {}): LimitPlan {
  const policy = { kind: "RateLimitPolicy", namespace: "default", name: "p" };
  return { policy, requests: 1, windowMs: 60_000, scope, ...changes };
}

/** A caller behind a transparent listener, as Envoy joins its TLVs. */
function transparent(name: string, invocationId = "i1", uid = "u1"): string {
  const parts = {
    namespace: "default",
    name,
    kind: "TaskAgent",
    uid,
    revision: "r1",
    invocationId,
  };
  return callerParts.map((part) => parts[part]).join(identitySeparator);
}

interface Ask {
  readonly caller: string;
  readonly route?: typeof route;
  readonly passes: boolean;
}

const stories: readonly {
  readonly name: string;
  readonly scope: LimitPlan["scope"];
  readonly asks: readonly Ask[];
}[] = [
  {
    name: "an agent's executions and runs together",
    scope: "PerAgent",
    asks: [
      { caller: "run:run-1", passes: true },
      { caller: "run:run-2", passes: false },
      { caller: "run:run-3", passes: true },
      { caller: "run:run-3", route: otherRoute, passes: false },
      { caller: transparent("x", "i1"), passes: true },
      { caller: transparent("x", "i2"), passes: false },
      { caller: transparent("y", "i1"), passes: true },
    ],
  },
  {
    name: "each execution by itself",
    scope: "PerExecution",
    asks: [
      { caller: "run:run-1", passes: true },
      { caller: "run:run-2", passes: true },
      { caller: "run:run-1", passes: false },
      { caller: transparent("x", "i1"), passes: true },
      { caller: transparent("x", "i2"), passes: true },
      { caller: transparent("y", "i1"), passes: true },
      { caller: transparent("x", "i2", "u2"), passes: false },
      { caller: transparent("z", "", "u1"), passes: true },
      { caller: transparent("z", "", "u1"), passes: false },
      { caller: transparent("z", "", "u2"), passes: true },
    ],
  },
  {
    name: "a route's agents together",
    scope: "PerRoute",
    asks: [
      { caller: "run:run-1", passes: true },
      { caller: transparent("x"), passes: false },
      { caller: "run:run-1", route: otherRoute, passes: true },
    ],
  },
  {
    name: "all who prove nothing together",
    scope: "PerAgent",
    asks: [
      { caller: "", passes: true },
      { caller: "what", passes: false },
      { caller: "run:unheard-of", passes: true },
      { caller: "run:unheard-of", passes: false },
    ],
  },
];

for (const { name, scope, asks } of stories) {
  t.test(`take() counts ${name} for ${scope}`, async (t) => {
    const agents = { "run-1": "Process/default/a", "run-2": "Process/default/a" };
    const { limiter } = createLimiter({ agents });
    for (const [index, ask] of asks.entries()) {
      const request = { caller: ask.caller, route: ask.route ?? route };
      const { kind } = limiter.take([limit(scope)], request);
      t.equal(kind, ask.passes ? "taken" : "limited", `${index}: ${JSON.stringify(ask)}`);
    }
  });
}

t.test("take() takes from all limits or from none", async (t) => {
  const { limiter, counters } = createLimiter();
  const request = { caller: "run:1", route };
  const policy = { kind: "RateLimitPolicy", namespace: "default", name: "q" };
  const wide = limit("PerAgent", { requests: 3 });
  const narrow = limit("PerRoute", { policy });
  t.equal(limiter.take([wide, narrow], request).kind, "taken");
  for (let index = 0; index < 5; index++) {
    t.match(limiter.take([wide, narrow], request), {
      kind: "limited",
      limit: narrow,
      afterMs: 60_000,
      cause: "spent",
    });
  }
  t.equal(counters.get("limitedRequests"), 5);
  t.equal(limiter.take([wide], request).kind, "taken");
  t.equal(limiter.take([wide], request).kind, "taken");
  t.equal(limiter.take([wide], request).kind, "limited");
});

t.test("take() keeps the count of a policy whose numbers change", async (t) => {
  const { limiter } = createLimiter();
  const request = { caller: "run:1", route };
  t.equal(limiter.take([limit("PerAgent", { requests: 1 })], request).kind, "taken");
  t.equal(limiter.take([limit("PerAgent", { requests: 1 })], request).kind, "limited");
  t.equal(limiter.take([limit("PerAgent", { requests: 2 })], request).kind, "limited");
});

t.test("take() says where nobody more can be counted", async (t) => {
  const { limiter, counters } = createLimiter({ places: 16 });
  const ask = (index: number) =>
    limiter.take([limit("PerAgent")], { caller: `run:${index}`, route });
  for (let index = 0; index < 16; index++) t.equal(ask(index).kind, "taken");
  t.match(ask(16), { kind: "limited", cause: "full", afterMs: 60_000 });
  t.equal(counters.get("fullLimits"), 1);
  t.equal(counters.get("limitedRequests"), 0);
});

t.test("giveBack() makes a request possible again in every limit", async (t) => {
  const { limiter } = createLimiter();
  const request = { caller: "run:1", route };
  const policy = { kind: "RateLimitPolicy", namespace: "default", name: "q" };
  const limits = [limit("PerAgent"), limit("PerRoute", { policy })];
  for (let turn = 0; turn < 3; turn++) {
    t.equal(limiter.take(limits, request).kind, "taken");
    t.equal(limiter.take(limits, request).kind, "limited");
    limiter.giveBack(limits, request);
  }
  for (const one of limits) t.equal(limiter.take([one], request).kind, "taken");
});
