/** Which backends are left out, by what attempts at them came to. */
import t from "tap";
import type { LoggedAttempt } from "./access-log/attempt-line.ts";
import type { Ejection } from "./backend-health.ts";
import { BackendHealth } from "./backend-health.ts";
import { ManualClock } from "./clock.ts";
import type { Candidate, FallbackPlan } from "./routing-plan.ts";
import { candidateCluster } from "./routing-plan.ts";
import type { Snapshot } from "./snapshot.ts";
import { enginePlan, gatewaySnapshot, hostPolicy, httpRule } from "./testdata/gateway-snapshot.ts";

const startMs = Date.UTC(2026, 10, 24);
const usual: FallbackPlan = {
  pick: "walk",
  retries: 2,
  statuses: [429, 500, 503],
  perTryTimeoutMs: 1_000,
  connectTimeoutMs: 1_000,
  maxEjectionMs: 300_000,
};

function candidate(pick: string, name: string | null = pick): Candidate {
  return {
    pick,
    backend: name === null ? null : { kind: "Backend", namespace: "default", name },
    provider: "openai",
    basePath: "",
    authority: "",
    tier: 0,
    weight: 1,
    modelRewrites: [],
    streamUsage: true,
    queryCredentials: [],
  };
}

function gateways(picks: readonly string[], plan: FallbackPlan | undefined = usual) {
  const rule = {
    route: { kind: "AIProviderRoute", namespace: "default", name: "r" },
    ruleIndex: 0,
    endpoints: [],
    models: [],
    meters: true,
    candidates: picks.map((pick) => candidate(pick)),
    ...(plan !== undefined && { fallback: plan }),
  };
  const engine = enginePlan({ routing: { rules: [rule], otherwise: "deny" } });
  const hosts = [hostPolicy("api.openai.com", httpRule({ engine }))];
  return { gateways: [gatewaySnapshot({ hosts })] } satisfies Pick<Snapshot, "gateways">;
}

function createHealth(picks: readonly string[] = ["a", "b"], plan: FallbackPlan = usual) {
  const clock = new ManualClock(startMs);
  const told: (readonly Ejection[])[] = [];
  const health = new BackendHealth({ clock, onChange: (ejections) => void told.push(ejections) });
  health.publish(gateways(picks, plan));
  const note = (
    pick: string,
    status: number,
    more: { reason?: string; retryAfter?: string } = {},
  ) => {
    const { reason = "", retryAfter = "" } = more;
    const logged: LoggedAttempt = {
      spanId: "s",
      cluster: candidateCluster(plan, pick),
      attempt: { startUnixMs: 0, durationMs: 1, status, reason },
      retryAfter,
    };
    health.note(logged);
  };
  const fail = (pick: string, times = 3) => {
    for (let count = 0; count < times; count++) note(pick, 503);
  };
  return { clock, health, told, note, fail };
}

t.test("note() leaves a backend out after three failures in a row, for 30 s", async (t) => {
  const { clock, health, told, fail } = createHealth();
  fail("a", 2);
  t.same(told, []);
  t.match(health.states()[0], { failures: 2, ejectedForMs: 0, lastStatus: 503 });
  fail("a", 1);
  t.same(told, [[{ pick: "a", forMs: 30_000 }]]);
  clock.advance(29_999);
  t.same(health.ejections(), [{ pick: "a", forMs: 1 }]);
  clock.advance(1);
  t.same(health.ejections(), []);
});

t.test("note() begins to count again after any answer that is no failure", async (t) => {
  const { told, note, fail } = createHealth();
  for (const status of [200, 400, 401, 404]) {
    fail("a", 2);
    note("a", status);
  }
  fail("a", 2);
  t.same(told, []);
});

t.test("note() counts each backend by itself", async (t) => {
  const { told, fail } = createHealth();
  fail("a", 2);
  fail("b", 2);
  t.same(told, []);
});

t.test("note() leaves a backend out for longer each time, never beyond the rule", async (t) => {
  const { clock, health, fail } = createHealth(["a"], { ...usual, maxEjectionMs: 100_000 });
  const times: (number | undefined)[] = [];
  for (let round = 0; round < 6; round++) {
    fail("a");
    times.push(health.ejections()[0]?.forMs);
    clock.advance(100_000);
  }
  t.same(times, [30_000, 60_000, 90_000, 100_000, 100_000, 100_000]);
});

t.test("note() takes a backend back with its first success, and begins small again", async (t) => {
  const { clock, health, told, note, fail } = createHealth();
  fail("a");
  clock.advance(30_000);
  fail("a");
  note("a", 200);
  t.same(told.at(-1), []);
  t.match(health.states()[0], { failures: 0, ejectedForMs: 0, lastStatus: 200 });
  fail("a");
  t.same(health.ejections(), [{ pick: "a", forMs: 30_000 }]);
});

t.test("note() says nothing of a success where nobody is left out", async (t) => {
  const { told, note } = createHealth();
  note("a", 200);
  t.same(told, []);
});

const asked = [
  { name: "seconds", retryAfter: "60", want: 60_000 },
  { name: "a date", retryAfter: "Tue, 24 Nov 2026 00:02:00 GMT", want: 120_000 },
  { name: "more than the rule allows", retryAfter: "86400", want: 300_000 },
  { name: "a date beyond the rule", retryAfter: "Tue, 24 Nov 2027 00:00:00 GMT", want: 300_000 },
  { name: "a date that is over", retryAfter: "Mon, 23 Nov 2026 00:00:00 GMT", want: undefined },
  { name: "no time", retryAfter: "0", want: undefined },
  { name: "less than none", retryAfter: "-5", want: undefined },
  { name: "something else", retryAfter: "soon", want: undefined },
  { name: "a number without end", retryAfter: "9".repeat(60), want: undefined },
];
for (const { name, retryAfter, want } of asked) {
  t.test(`note() leaves a backend out at once when it asks for ${name}`, async (t) => {
    const { health, note } = createHealth();
    note("a", 429, { retryAfter });
    t.same(
      health.ejections().map(({ forMs }) => forMs),
      want === undefined ? [] : [want],
    );
  });
}

t.test("note() takes no wish of a backend that answered", async (t) => {
  const { told, note } = createHealth();
  note("a", 200, { retryAfter: "60" });
  t.same(told, []);
});

t.test("note() never shortens a time out by a later failure", async (t) => {
  const { clock, health, note, fail } = createHealth();
  note("a", 503, { retryAfter: "300" });
  clock.advance(10_000);
  fail("a");
  t.same(health.ejections(), [{ pick: "a", forMs: 290_000 }]);
});

for (const reason of ["UF", "UC", "UR", "UT", "UPE", "UF,URX"]) {
  t.test(`note() counts an attempt without an answer for ${reason}`, async (t) => {
    const { health, note } = createHealth();
    for (let count = 0; count < 3; count++) note("a", 0, { reason });
    t.match(health.states()[0], { ejectedForMs: 30_000, lastStatus: 0 });
  });
}

t.test("note() holds against no backend that an agent went away", async (t) => {
  const { health, note } = createHealth();
  note("a", 200);
  for (const reason of ["", "DC", "DPE", "", "DC", ""]) note("a", 0, { reason });
  t.match(health.states()[0], { failures: 0, ejectedForMs: 0, lastStatus: 200 });
});

t.test("note() leaves out all of a rule's backends when all fail", async (t) => {
  const { clock, health, told, fail } = createHealth();
  fail("a");
  clock.advance(1_000);
  fail("b");
  t.same(told.at(-1), [
    { pick: "a", forMs: 29_000 },
    { pick: "b", forMs: 30_000 },
  ]);
  t.equal(health.ejections().length, 2);
});

t.test("note() ignores what no rule has", async (t) => {
  const { health, told, note } = createHealth();
  for (let count = 0; count < 3; count++) note("constructor", 503);
  t.same(told, []);
  t.equal(health.backendOf("candidate/walk/none"), null);
});

t.test("backendOf() names the backend of a cluster", async (t) => {
  const { health } = createHealth();
  t.same(health.backendOf("candidate/walk/b"), {
    kind: "Backend",
    namespace: "default",
    name: "b",
  });
});

t.test("publish() keeps what is known of backends that stay", async (t) => {
  const { health, fail } = createHealth();
  fail("a");
  fail("b", 2);
  health.publish(gateways(["b", "c", "a"]));
  t.same(
    health
      .states()
      .map(({ backend, failures, ejectedForMs }) => [backend.name, failures, ejectedForMs]),
    [
      ["b", 2, 0],
      ["c", 0, 0],
      ["a", 0, 30_000],
    ],
  );
});

t.test("publish() forgets backends that are gone", async (t) => {
  const { health, fail } = createHealth();
  fail("a");
  health.publish(gateways(["b"]));
  t.same(health.ejections(), []);
  health.publish(gateways(["a", "b"]));
  t.match(health.states()[0], { backend: { name: "a" }, ejectedForMs: 0 });
});

t.test("publish() watches nobody where no rule falls back", async (t) => {
  const clock = new ManualClock();
  const health = new BackendHealth({ clock, onChange: () => {} });
  const { gateways: list } = gateways(["a"]);
  const [gateway] = list;
  const hosts = [hostPolicy("a.example.com", httpRule()), ...(gateway?.hosts ?? [])];
  const rules = hosts.flatMap((host) => host.rules.map(({ engine: _engine, ...rule }) => rule));
  health.publish({
    gateways: [gatewaySnapshot({ hosts: [hostPolicy("a.example.com", ...rules)] })],
  });
  t.same(health.states(), []);
});
