/** Unit tests of what has to be shown: figures of one round beside each other, and how they stand. */
import t from "tap";
import { formatVerdicts, judgeTargets, llmTargets } from "./llm-targets.ts";
import type { RoundSample } from "./rounds.ts";

const sample: RoundSample = {
  case: "chat",
  contender: "clrk",
  round: 0,
  requests: 100,
  requestsPerSecond: 6_000,
  cpuMicrosPerRequest: { server: 10, client: 20, upstream: 10 },
  p50Ms: 1,
  p99Ms: 2,
  failed: 0,
  otherWork: 0,
  upstreamHandshakes: 0,
};
const of = (contender: string, more: Partial<RoundSample> = {}): RoundSample => ({
  ...sample,
  contender,
  ...more,
});

function verdict(name: RegExp, samples: readonly RoundSample[]) {
  return judgeTargets(llmTargets, samples).find((one) => name.test(one.name));
}

t.test("judgeTargets() compares rates round by round", async (t) => {
  const name = /^requests per second of clrk ÷ portkey$/;
  const samples = [0, 1, 2].flatMap((round) => [
    of("clrk", { round }),
    of("portkey", { round, requestsPerSecond: [3_000, 2_000, 1_500][round] ?? 0 }),
  ]);
  t.match(verdict(name, samples), {
    limit: 3,
    measured: { median: 3, spread: [2, 4], rounds: 3 },
    isMet: true,
  });
  const slower = samples.map((one) =>
    one.contender === "clrk" ? { ...one, requestsPerSecond: 5_000 } : one,
  );
  t.match(verdict(name, slower), { isMet: false });
});

t.test("judgeTargets() leaves out rounds in which somebody was not measured", async (t) => {
  const name = /^requests per second of clrk ÷ litellm$/;
  t.match(verdict(name, [of("clrk")]), { measured: null, isMet: null });
  const samples = [of("clrk"), of("clrk", { round: 1 }), of("litellm", { round: 1 })];
  t.match(verdict(name, samples), { measured: { median: 1, rounds: 1 }, isMet: false });
  const elsewhere = [of("clrk", { case: "latency" }), of("litellm", { case: "latency" })];
  t.match(verdict(name, elsewhere), { measured: null });
});

t.test("judgeTargets() compares what is added to direct", async (t) => {
  const at = (contender: string, p99Ms: number) => of(contender, { case: "latency", p99Ms });
  const name = /^added p99 of clrk ÷ portkey$/;
  const samples = [at("direct", 1), at("clrk", 3), at("portkey", 9)];
  t.match(verdict(name, samples), { measured: { median: 0.25 }, isMet: true });
  t.match(
    verdict(name, [at("direct", 9), at("clrk", 3), at("portkey", 9)]),
    { measured: null },
    "a peer that adds nothing is no measure",
  );
});

t.test("judgeTargets() takes failovers only where they happened", async (t) => {
  const name = /^latency of clrk-next after that of clrk-claude/;
  const at = (contender: string, more: Partial<RoundSample>) =>
    of(contender, { case: "latency", ...more });
  const claude = at("clrk-claude", { p50Ms: 2 });
  const both = at("clrk-next", { p50Ms: 4, upstreamRequests: 2 });
  t.match(verdict(name, [claude, both]), { measured: { median: 2 }, isMet: true });
  t.match(verdict(name, [claude, { ...both, upstreamRequests: 1.2 }]), { measured: null });
});

t.test("judgeTargets() measures first tokens after those of direct", async (t) => {
  const at = (contender: string, p50Ms: number) => of(contender, { case: "first-token", p50Ms });
  const samples = [at("direct", 1), at("clrk", 42)];
  const name = /^first token of clrk after/;
  t.match(verdict(name, samples), { measured: { median: 41 }, isMet: false });
});

t.test("formatVerdicts() says how each stands", async (t) => {
  const samples = [of("clrk"), of("portkey", { requestsPerSecond: 1_000 })];
  const lines = formatVerdicts(judgeTargets(llmTargets, samples)).split("\n");
  t.equal(
    lines[0],
    "met: requests per second of clrk ÷ portkey: at least 3 ×, measured 6.00 (6.00–6.00)",
  );
  t.equal(lines[1], "not measured: requests per second of clrk ÷ litellm: at least 20 ×");
  const [missed] = judgeTargets(llmTargets, [of("clrk"), of("portkey")]);
  t.match(formatVerdicts(missed === undefined ? [] : [missed]), /^MISSED: .* measured 1\.00 /);
});
