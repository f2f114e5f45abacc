/** A whole round behind a real Envoy (skipped without one), and reading Envoy's statistics. */
import t from "tap";
import { envoyBinary, findEnvoy } from "../compare/envoy-binary.ts";
import { createGrpcJs, createNoProcessor, createNoProxy } from "../compare/ext-proc-peers.ts";
import { createEngine } from "./engine-contender.ts";
import { extprocCases } from "./extproc-cases.ts";
import { withExtprocRig } from "./extproc-rig.ts";
import { runReplay } from "./extproc-replay.ts";
import { runExtprocRounds } from "./extproc-rounds.ts";
import { parseFilterCounts } from "./extproc-stand.ts";
import { findProblems } from "./extproc.ts";

const found = await findEnvoy(envoyBinary(process.env));
const needsEnvoy = found.kind === "ready" ? {} : { skip: `needs envoy: ${found.reason}` };

t.test("parseFilterCounts() sums the listeners", async (t) => {
  const stats = [
    "http.bodies.ext_proc.bench.streams_started: 3",
    "http.bodies.ext_proc.bench.stream_msgs_sent: 18",
    "http.headers.ext_proc.bench.streams_started: 2",
    "http.headers.ext_proc.bench.stream_msgs_sent: 2",
    "http.headers.ext_proc.bench.stream_msgs_received: 1",
    "http.headers.ext_proc.bench.streams_failed: 1",
    "http.headers.ext_proc.bench.immediate_responses_sent: 4",
    "http.headers.ext_proc.bench.streams_closed: 9",
    "http.headers.downstream_rq_2xx: 7",
    "",
  ].join("\n");
  t.same(parseFilterCounts(stats), { streams: 5, sent: 20, received: 1, failed: 5 });
  t.same(parseFilterCounts(""), { streams: 0, sent: 0, received: 0, failed: 0 });
});

t.test(
  "runExtprocRounds() asks every server the same and finds its work done",
  needsEnvoy,
  async (t) => {
    const cases = extprocCases.filter(({ name }) => name === "bodies" || name === "large-body");
    const samples = await withExtprocRig(({ directory, policy, upstream }) =>
      runExtprocRounds({
        rounds: 1,
        seconds: 0.2,
        warmUpSeconds: 0.1,
        connections: 4,
        threads: 2,
        cases,
        contenders: [
          createEngine("clrk"),
          createGrpcJs(),
          createNoProcessor(process.env),
          createNoProxy(),
        ],
        upstream,
        routes: policy.routes,
        paths: policy.paths,
        directory,
        place: async () => {},
        onSample: () => {},
      }),
    );
    t.equal(samples.length, 7);
    t.same(findProblems(samples), []);
    for (const sample of samples) {
      const name = `${sample.case} ${sample.contender}`;
      t.equal(sample.failed, 0, `${name}: ${sample.firstFailure}`);
      t.ok(sample.requests > 0, name);
      const { envoy, server } = sample.cpuMicrosPerRequest;
      const hasServer = !["none", "direct"].includes(sample.contender);
      t.equal(server !== undefined && server > 0, hasServer, `${name}: server`);
      t.equal(envoy !== undefined && envoy > 0, sample.contender !== "direct", `${name}: envoy`);
      if (sample.case !== "bodies" || sample.filter === undefined) continue;
      t.ok(
        Math.abs(sample.filter.sent / sample.requests - 6) < 1,
        `${name}: ${sample.filter.sent}`,
      );
    }
  },
);

t.test("runReplay() replays to one and to two threads", needsEnvoy, async (t) => {
  const samples = await withExtprocRig((rig) =>
    runReplay({
      rounds: 1,
      seconds: 0.2,
      // A busy machine takes longer than a tenth to open what requests are sent through.
      warmUpSeconds: 1,
      connections: 4,
      contenders: [createEngine("clrk-bare"), createNoProcessor(process.env)],
      rig,
      onSample: () => {},
    }),
  );
  t.same(
    samples.map(({ contender }) => contender),
    ["clrk-bare ×1", "clrk-bare ×2"],
  );
  for (const { contender, cpuMicrosPerRequest, failed, firstFailure, requests } of samples) {
    t.equal(failed, 0, `${contender}: ${firstFailure}`);
    t.ok(requests > 0 && (cpuMicrosPerRequest.server ?? 0) > 0, contender);
  }
});
