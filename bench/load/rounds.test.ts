/** Unit tests of the order of rounds, and one whole round with the contender that is no proxy. */
import t from "tap";
import { createDirect } from "../compare/direct.ts";
import { benchCases, modeFor } from "./cases.ts";
import type { Contender } from "./contender.ts";
import { createRig } from "./rig.ts";
import { caseGroups, rotated, runRounds } from "./rounds.ts";
import type { StartedProcesses } from "./rounds.ts";

const contender = (values: Partial<Contender>): Contender => ({ ...createDirect(), ...values });

t.test("rotated() begins with another one every round", async (t) => {
  t.same(rotated(["a", "b", "c"], 0), ["a", "b", "c"]);
  t.same(rotated(["a", "b", "c"], 1), ["b", "c", "a"]);
  t.same(rotated(["a", "b", "c"], 5), ["c", "a", "b"]);
  t.same(rotated([], 3), []);
});

t.test("caseGroups() puts together what one start can serve", async (t) => {
  const names = benchCases.map((benchCase) => benchCase.name);
  const groups = (values: Partial<Contender>, wanted: readonly string[] = names) =>
    caseGroups(wanted, contender(values)).map((group) => group.map((one) => one.name));
  t.same(groups({ name: "clrk-native", modes: ["connect", "transparent"] }), [
    ["mitm-cold", "mitm-keepalive"],
    ["native"],
  ]);
  t.same(groups({ name: "mitmproxy", modes: ["connect"] }), [["mitm-cold", "mitm-keepalive"]]);
  t.same(groups({ name: "none", modes: ["transparent"] }), [["native"]]);
  t.same(groups({ name: "none", modes: ["connect"] }, ["native"]), []);
});

t.test("modeFor() leaves out contenders that a case is not for", async (t) => {
  const native = benchCases.find((benchCase) => benchCase.name === "native");
  t.ok(native);
  if (native === undefined) return;
  t.equal(modeFor(native, { name: "mockttp", modes: ["connect", "transparent"] }), undefined);
  t.equal(modeFor(native, { name: "none", modes: ["connect"] }), undefined);
  t.equal(modeFor(native, { name: "none", modes: ["connect", "transparent"] }), "transparent");
});

t.test("runRounds() measures every case of every round and stops what it started", async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  let stopped = 0;
  const started: StartedProcesses[] = [];
  const direct = createDirect();
  const samples = await runRounds({
    rounds: 2,
    cases: ["mitm-cold", "mitm-keepalive"],
    contenders: [
      contender({
        async start(options) {
          const running = await direct.start(options);
          const stop = async () => {
            stopped += 1;
          };
          return { ...running, pids: { server: rig.upstream.pid }, stop };
        },
      }),
    ],
    clients: 1,
    upstream: rig.upstream,
    authority: rig.authority,
    directory: rig.directory,
    seconds: 0.05,
    names: 5,
    connections: 2,
    place: async (pids) => void started.push(pids),
    onSample: () => {},
  });
  t.same(
    samples.map((sample) => `${sample.round} ${sample.case}`),
    ["0 mitm-cold", "0 mitm-keepalive", "1 mitm-cold", "1 mitm-keepalive"],
  );
  t.equal(stopped, 2);
  t.same(
    started.map((pids) => pids.contender),
    [[rig.upstream.pid], [rig.upstream.pid]],
  );
  for (const sample of samples) {
    t.equal(sample.failed, 0);
    t.ok(sample.requests >= 5 && sample.p99Ms >= sample.p50Ms && sample.p50Ms > 0);
    const { server = 0, upstream } = sample.cpuMicrosPerRequest;
    t.ok(Math.abs(server - upstream) < Math.max(upstream, 1), "both are the same process here");
    t.equal(sample.cpuMicrosPerRequest.envoy, undefined);
  }
  t.equal(samples[0]?.upstreamHandshakes, 5, "warm-up is not counted");
  t.equal(samples[1]?.upstreamHandshakes, 0);
});
