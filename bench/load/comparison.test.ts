/** Unit tests of comparing contenders round by round. */
import t from "tap";
import { compareSamples, formatComparisons } from "./comparison.ts";
import type { ExtprocSample } from "./extproc-rounds.ts";

function sample(contender: string, round: number, values: Partial<ExtprocSample>): ExtprocSample {
  return {
    case: "bodies",
    contender,
    round,
    requests: 100,
    requestsPerSecond: 1_000,
    cpuMicrosPerRequest: { client: 20, upstream: 10 },
    p50Ms: 1,
    p99Ms: 2,
    failed: 0,
    otherWork: 0,
    upstreamHandshakes: 0,
    ...values,
  };
}

const cpu = (server: number) => ({ server, client: 20, upstream: 10 });
const filter = { streams: 100, sent: 600, received: 600, failed: 0 };

const samples = [
  sample("clrk", 0, { cpuMicrosPerRequest: cpu(10), p50Ms: 1.5, p99Ms: 9, filter }),
  sample("grpc-go", 0, { cpuMicrosPerRequest: cpu(20), p50Ms: 2, filter }),
  sample("none", 0, { p50Ms: 1, p99Ms: 4 }),
  // A slow minute: everything takes twice as long, and what is compared stays as it was.
  sample("grpc-go", 1, { cpuMicrosPerRequest: cpu(40), p50Ms: 4, filter }),
  sample("none", 1, { p50Ms: 2, p99Ms: 8 }),
  sample("clrk", 1, { cpuMicrosPerRequest: cpu(20), p50Ms: 2.5, p99Ms: 13, filter }),
  sample("none", 2, { p50Ms: 1, p99Ms: 4 }),
];

const comparisons = compareSamples({
  cpu: "server",
  samples,
  caseNames: ["headers", "bodies"],
  contenderNames: ["clrk", "grpc-go", "none", "grpc-js"],
  peer: "grpc-go",
  baselines: new Map([["bodies", "none"]]),
});

t.test("compareSamples() pairs samples of one round", async (t) => {
  t.same(
    comparisons.map((one) => one.contender),
    ["clrk", "grpc-go", "none"],
  );
  t.same(comparisons[0], {
    case: "bodies",
    contender: "clrk",
    cpuOverPeer: { median: 0.5, spread: [0.5, 0.5], rounds: 2 },
    messagesPerRequest: 6,
    addedP50Ms: { median: 0.5, spread: [0.5, 0.5], rounds: 2 },
    addedP99Ms: { median: 5, spread: [5, 5], rounds: 2 },
  });
  t.equal(comparisons[1]?.cpuOverPeer?.median, 1);
});

t.test("compareSamples() leaves open what there is nothing to compare with", async (t) => {
  const none = comparisons[2];
  t.same(none, {
    case: "bodies",
    contender: "none",
    cpuOverPeer: null,
    messagesPerRequest: null,
    addedP50Ms: null,
    addedP99Ms: null,
  });
  const [alone] = compareSamples({
    cpu: "server",
    samples: samples.filter(({ contender }) => contender === "clrk"),
    caseNames: ["bodies"],
    contenderNames: ["clrk"],
    peer: "grpc-go",
    baselines: new Map(),
  });
  t.equal(alone?.cpuOverPeer, null);
  t.equal(alone?.addedP50Ms, null);
});

t.test(
  "compareSamples() takes Envoy's CPU for a contender's own where all is compared",
  async (t) => {
    const [clrk, peer] = compareSamples({
      cpu: "total",
      samples: [
        sample("clrk", 0, { cpuMicrosPerRequest: { ...cpu(10), envoy: 30 } }),
        sample("portkey", 0, { cpuMicrosPerRequest: cpu(80) }),
      ],
      caseNames: ["bodies"],
      contenderNames: ["clrk", "portkey"],
      peer: "portkey",
      baselines: new Map(),
    });
    t.equal(clrk?.cpuOverPeer?.median, 0.5);
    t.equal(peer?.cpuOverPeer?.median, 1);
  },
);

t.test("formatComparisons() stays within 80 columns", async (t) => {
  const text = formatComparisons(comparisons, "grpc-go");
  for (const line of text.split("\n")) t.ok(line.length <= 80, line);
  t.match(text, /^bodies +CPU ÷ grpc-go +messages +\+ p50 ms +\+ p99 ms\n {2}clrk +0\.50 /);
  t.match(text, / {2}none +- +- +- +-\n/);
});
