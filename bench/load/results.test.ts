/** Unit tests of turning samples into the JSON's figures. */
import t from "tap";
import { summariseSamples } from "./results.ts";
import type { RoundSample } from "./rounds.ts";

function sample(values: Partial<RoundSample>): RoundSample {
  return {
    case: "mitm-keepalive",
    contender: "none",
    round: 0,
    requests: 100,
    requestsPerSecond: 1_000,
    cpuMicrosPerRequest: { envoy: 60, client: 20, upstream: 10 },
    p50Ms: 1,
    p99Ms: 2,
    failed: 0,
    otherWork: 0,
    upstreamHandshakes: 0,
    ...values,
  };
}

t.test("summariseSamples() gives medians, extremes and sums over rounds", async (t) => {
  const cpu = (server: number, envoy: number) => ({ server, envoy, client: 20, upstream: 10 });
  const [result, ...others] = summariseSamples(
    [
      sample({ cpuMicrosPerRequest: cpu(10, 60), p99Ms: 9, otherWork: 0.5 }),
      sample({ cpuMicrosPerRequest: cpu(30, 50), requestsPerSecond: 3_000, failed: 2 }),
      sample({ cpuMicrosPerRequest: cpu(20, 61.23456), firstFailure: "Request was answered 503" }),
    ],
    ["mitm-keepalive"],
    ["none"],
  );
  t.same(others, []);
  t.same(result, {
    case: "mitm-keepalive",
    contender: "none",
    rounds: 3,
    cpuMicrosPerRequest: { server: 20, envoy: 60, total: 80, client: 20, upstream: 10 },
    requestsPerSecond: 1_000,
    p50Ms: 1,
    p99Ms: 2,
    requests: 300,
    failed: 2,
    firstFailure: "Request was answered 503",
    otherWork: 0.5,
    spread: {
      server: [10, 30],
      envoy: [50, 61.23],
      total: [70, 81.23],
      requestsPerSecond: [1_000, 3_000],
      p50Ms: [1, 1],
      p99Ms: [2, 9],
    },
  });
});

t.test("summariseSamples() says null for a process that is not there", async (t) => {
  const [result] = summariseSamples([sample({})], ["mitm-keepalive"], ["none"]);
  t.equal(result?.cpuMicrosPerRequest.server, null);
  t.equal(result?.spread.server, null);
  t.equal(result?.cpuMicrosPerRequest.total, 60);
});

t.test(
  "summariseSamples() keeps the order asked for and leaves out what was not run",
  async (t) => {
    const samples = [
      sample({ contender: "b" }),
      sample({ contender: "a" }),
      sample({ case: "native" }),
    ];
    const results = summariseSamples(
      samples,
      ["native", "mitm-cold", "mitm-keepalive"],
      ["a", "b", "none"],
    );
    t.same(
      results.map((result) => `${result.case} ${result.contender}`),
      ["native none", "mitm-keepalive a", "mitm-keepalive b"],
    );
  },
);
