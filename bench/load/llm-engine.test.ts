/** Unit tests of the sub-command's arguments and policy, and one round behind a real Envoy (skipped without one). */
import t from "tap";
import { envoyBinary, findEnvoy } from "../compare/envoy-binary.ts";
import { createGrpcJs } from "../compare/ext-proc-peers.ts";
import { createEngine } from "./engine-contender.ts";
import { runExtprocRounds } from "./extproc-rounds.ts";
import { findProblems } from "./extproc.ts";
import { anthropicAnswers } from "./llm-answers.ts";
import { createTranslationPolicy } from "./llm-engine-policy.ts";
import {
  llmEngineCases,
  llmEngineContenders,
  llmEngineTargets,
  runLlmEngine,
} from "./llm-engine.ts";
import { withLlmRig } from "./llm-rig.ts";
import { judgeTargets } from "./llm-targets.ts";

const found = await findEnvoy(envoyBinary(process.env));
const needsEnvoy = found.kind === "ready" ? {} : { skip: `needs envoy: ${found.reason}` };

t.test("runLlmEngine() refuses arguments before it starts anything", async (t) => {
  const rows = [
    { args: ["--case", "quic"], message: /^Cannot run case "quic": / },
    { args: ["--contender", "grpc-js"], message: /^Cannot run contender "grpc-js": / },
    { args: ["--threads", "0"], message: /^Cannot use --threads "0": / },
  ];
  for (const { args, message } of rows) {
    await t.rejects(runLlmEngine(args), { name: "UsageError", message }, args.join(" "));
  }
});

t.test("llmEngineContenders() lists each once", async (t) => {
  t.same(
    llmEngineContenders({}).map(({ name }) => name),
    ["clrk", "clrk-bare", "grpc-go", "none"],
  );
});

t.test("createTranslationPolicy() leaves the choice to the engine", async (t) => {
  const { paths, routes } = createTranslationPolicy();
  t.same(paths, ["/v1/chat/completions"]);
  t.same(
    routes.map(({ prefix }) => prefix),
    [anthropicAnswers.path, "/"],
  );
  const { header, value } = anthropicAnswers.credential;
  t.same(routes[0]?.requestHeaders, { [header]: value });
  t.equal(routes[0]?.planId, routes[1]?.planId);
  t.match(routes[0]?.planId, /^[0-9a-f]{16}$/);
});

t.test("runExtprocRounds() finds that the engine translated", needsEnvoy, async (t) => {
  const policy = createTranslationPolicy();
  const [first] = llmEngineCases;
  if (first === undefined) throw new Error("no case is there");
  const plan = first.workload({ seconds: 0.1, connections: 2 }, policy.paths);
  const samples = await withLlmRig(({ directory, upstreams }) =>
    runExtprocRounds({
      rounds: 1,
      seconds: 0.2,
      warmUpSeconds: 0,
      warmUp: { exchange: "whole-bodies", plan: { ...plan, durationMs: 0 } },
      connections: 4,
      threads: 1,
      cases: llmEngineCases,
      contenders: [createEngine("clrk", "translate"), createGrpcJs()],
      upstream: upstreams.plain,
      routes: policy.routes,
      paths: policy.paths,
      directory,
      place: async () => {},
      onSample: () => {},
    }),
  );
  t.same(findProblems(samples), [], "facts, tokens and records of every request");
  for (const sample of samples) {
    const name = `${sample.case} ${sample.contender}`;
    t.equal(sample.failed, 0, `${name}: ${sample.firstFailure}`);
    t.ok(sample.requests > 0, name);
    if (sample.case !== "chat") continue;
    t.equal((sample.filter?.sent ?? 0) / sample.requests, 4, `${name}: both are asked the same`);
  }
});

t.test("llmEngineTargets compare the servers of one round", async (t) => {
  const sample = {
    case: "chat",
    round: 0,
    requests: 1,
    requestsPerSecond: 1,
    p50Ms: 1,
    p99Ms: 1,
    failed: 0,
    otherWork: 0,
    upstreamHandshakes: 0,
  };
  const of = (contender: string, server: number) => ({
    ...sample,
    contender,
    cpuMicrosPerRequest: { server, client: 1, upstream: 1 },
  });
  const verdicts = judgeTargets(llmEngineTargets, [of("clrk", 90), of("grpc-go", 60)]);
  t.match(verdicts, [{ measured: { median: 1.5 }, isMet: true }, { measured: null }]);
});
