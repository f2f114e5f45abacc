/** Unit tests of who is counted together, and of several limits at once. */
import t from "tap";
import type { LimitPlan } from "../gateway/snapshot.ts";
import { callerParts, identitySeparator } from "../gateway/caller-parts.ts";
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

const shared = (onUnreachable: "Refuse" | "LocalShare" | "Local", name = "p") =>
  limit("PerRoute", {
    policy: { kind: "RateLimitPolicy", namespace: "default", name },
    requests: 4,
    shared: { onUnreachable },
  });
const asked = { caller: "run:run-1", route };
const sharedKey = (name: string) =>
  [`RateLimitPolicy/default/${name}`, "PerRoute", "AIProviderRoute/default/a"].join("\u0000");

t.test("a shared limit waits for a portion, and takes of it then", async (t) => {
  const { limiter, asks, portions, waiters, counters } = createLimiter({ replicas: 2 });
  const limits = [shared("Refuse")];
  const work = limiter.take(limits, asked);
  t.match(work, { kind: "work", worker: "limit-portion", deadlineMs: 250 });
  if (work.kind !== "work") return;
  const done = limiter.wait(work.input, new AbortController().signal);
  t.match(asks, [{ requests: 4, windowMs: 60_000, waiting: 1 }]);
  const [{ caller } = { caller: "" }] = asks;
  t.equal(caller, sharedKey("p"));
  portions.grant(caller, { count: 2, validUntilMs: 2_000 }, 1_000);
  waiters.onAnswered(caller);
  t.same(limiter.settle(limits, asked, { kind: "done", value: await done }), { kind: "taken" });
  t.same(limiter.take(limits, asked), { kind: "taken" }, "and the next one at once");
  portions.setSpent(caller, { untilMs: 3_000, askAgainAtMs: 1_000 }, 1_000);
  t.match(limiter.take(limits, asked), { kind: "limited", cause: "spent", afterMs: 2_000 });
  t.equal(counters.get("limitedRequests"), 1);
  t.equal(asks.length, 3, "asked ahead when it was low, and when the refusal was old");
});

t.test("several shared limits are taken all or none", async (t) => {
  const { limiter, portions, waiters } = createLimiter({ replicas: 1 });
  const limits = [shared("Refuse", "one"), limit("PerRoute"), shared("Refuse", "two")];
  portions.grant(sharedKey("one"), { count: 1, validUntilMs: 2_000 }, 1_000);
  const work = limiter.take(limits, asked);
  t.equal(work.kind, "work");
  if (work.kind !== "work") return;
  t.equal(portions.take(sharedKey("one"), 1_000).kind, "taken", "it was given back");
  portions.giveBack(sharedKey("one"), 1_000);
  const done = limiter.wait(work.input, new AbortController().signal);
  portions.grant(sharedKey("two"), { count: 1, validUntilMs: 2_000 }, 1_000);
  waiters.onAnswered(sharedKey("two"));
  t.same(await done, { kind: "taken" });
  t.match(limiter.take([limit("PerRoute")], asked), { kind: "limited" }, "taken once");
});

const lost = [
  { name: "Refuse", passes: 0, replicas: -2 },
  { name: "LocalShare", passes: 2, replicas: -2 },
  { name: "LocalShare", passes: 1, replicas: -9 },
  { name: "Local", passes: 4, replicas: -2 },
] as const;

for (const { name, passes, replicas } of lost) {
  t.test(
    `without the store, ${name} lets ${passes} of 4 by of ${-replicas} replicas`,
    async (t) => {
      const { limiter, counters } = createLimiter({ replicas });
      const verdicts = Array.from({ length: 6 }, () => limiter.take([shared(name)], asked));
      t.equal(verdicts.filter(({ kind }) => kind === "taken").length, passes);
      t.equal(counters.get("unsharedLimits"), passes);
      const refused = counters.get(name === "Refuse" ? "unreachableLimits" : "limitedRequests");
      t.equal(refused, 6 - passes);
    },
  );
}

t.test("a limit that is to be shared is nobody's where nothing is shared", async (t) => {
  const { limiter } = createLimiter();
  t.match(limiter.take([shared("Refuse")], asked), { kind: "limited", cause: "unreachable" });
  t.match(limiter.take([shared("LocalShare")], asked), { kind: "limited", cause: "unreachable" });
});

for (const kind of ["late", "failed"] as const) {
  t.test(`work that is ${kind} is as if the store were lost`, async (t) => {
    const { limiter } = createLimiter({ replicas: 2 });
    t.match(limiter.settle([shared("Refuse")], asked, { kind }), { cause: "unreachable" });
    t.match(limiter.settle([shared("Local")], asked, { kind }), { kind: "taken" });
  });
}
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
