/** Unit tests of what a soak sends and says. */
import t from "tap";
import { formatSoak, soakPlan } from "./extproc-soak.ts";
import { tryParseAnswer } from "./plain-upstream.ts";

const options = { minutes: 3, streams: 0, streamSeconds: 60, connections: 16 };

t.test("soakPlan() loads without a pause for minutes", async (t) => {
  const plan = soakPlan(options, ["/a"]);
  t.equal(plan.durationMs, 180_000);
  t.equal(plan.connections, 16);
  t.equal(plan.requests, undefined);
  t.equal(plan.answer, "json");
});

t.test("soakPlan() opens one stream a connection, each as long as asked for", async (t) => {
  const plan = soakPlan({ ...options, streams: 1_000 }, ["/a"]);
  t.equal(plan.connections, 1_000);
  t.equal(plan.requests, 1_000);
  t.equal(plan.warmUpMs, 0);
  const { events = 0, gapMs = 0 } = tryParseAnswer(plan.answer) ?? {};
  t.equal(events * gapMs, 60_000);
  t.ok(plan.deadlineMs > 60_000);
});

t.test("formatSoak() tells memory at the start, its most and at the end", async (t) => {
  const text = formatSoak({
    contender: "clrk",
    requests: 12_345,
    requestsPerSecond: 100,
    cpuMicrosPerRequest: { server: 20, envoy: 60, client: 1, upstream: 1 },
    p50Ms: 1,
    p99Ms: 2,
    failed: 2,
    firstFailure: "Request was answered 503",
    otherWork: 0,
    upstreamHandshakes: 0,
    memory: [100, 180, 150].map((rssMib, index) => ({ atSeconds: index * 5, rssMib })),
    growthMibPerMinute: -1.5,
  });
  t.match(text, "requests 12,345, failed 2: Request was answered 503\n");
  t.match(text, "first 100, most 180, last 150 MiB\n");
  t.match(text, "second half: -1.50 MiB a minute\n");
});
