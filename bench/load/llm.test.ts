/** Unit tests of the sub-command's arguments, and one round behind a real gateway (skipped without Envoy). */
import t from "tap";
import { envoyBinary, findEnvoy } from "../compare/envoy-binary.ts";
import { llmCases } from "./llm-cases.ts";
import { llmContenders } from "./llm-contenders.ts";
import { runLlm } from "./llm.ts";
import { withLlmRig } from "./llm-rig.ts";
import { runLlmRounds, tryContender } from "./llm-rounds.ts";

const found = await findEnvoy(envoyBinary(process.env));
const needsEnvoy = found.kind === "ready" ? {} : { skip: `needs envoy: ${found.reason}` };

t.test("runLlm() refuses arguments before it starts anything", async (t) => {
  const rows = [
    { args: ["--case", "chat,quic"], message: /^Cannot run case "quic": it is not known: / },
    { args: ["--contender", "nginx"], message: /^Cannot run contender "nginx": / },
    { args: ["--rounds", "0"], message: /^Cannot use --rounds "0": / },
    { args: ["now"], message: /./ },
  ];
  for (const { args, message } of rows) {
    await t.rejects(runLlm(args), { name: "UsageError", message }, args.join(" "));
  }
});

t.test("llmContenders() lists each once", async (t) => {
  t.same(
    llmContenders({}).map(({ name }) => name),
    [
      "direct",
      "clrk",
      "clrk-claude",
      "clrk-next",
      "clrk-plain",
      "clrk-limited",
      "clrk-captured",
      "portkey",
      "portkey-plain",
      "litellm",
    ],
  );
});

t.test("llmContenders() leaves Portkey out where everybody could reach it", async (t) => {
  const portkey = llmContenders({}).find(({ name }) => name === "portkey");
  t.match(await portkey?.find(), { kind: "absent", reason: /^it listens on all addresses/ });
});

t.test("tryContender() says what a contender answers wrongly", async (t) => {
  const [direct] = llmContenders({});
  if (direct === undefined) throw new Error("direct is not there");
  await withLlmRig(async (rig) => {
    t.equal(await tryContender(direct, rig), undefined);
    const keyless: typeof direct = {
      ...direct,
      start: async (options) => ({ ...(await direct.start(options)), headers: [] }),
    };
    t.match(await tryContender(keyless, rig), /^a call was answered 401: /);
  });
});

t.test("runLlmRounds() measures our gateway in all its ways", needsEnvoy, async (t) => {
  const contenders = llmContenders(process.env).filter(({ name }) => /^(direct|clrk)/.test(name));
  const cases = llmCases
    .filter(({ name }) => name !== "first-token")
    .map(({ leastRounds: _, ...benchCase }) => benchCase);
  const samples = await withLlmRig((rig) =>
    runLlmRounds({
      rounds: 1,
      seconds: 0.2,
      warmUpSeconds: 0.1,
      connections: 4,
      cases,
      contenders,
      rig,
      place: async () => {},
      onSample: () => {},
    }),
  );
  t.equal(samples.length, 3 * 4 + 3, "three ways take part in one case each");
  for (const sample of samples) {
    const name = `${sample.case} ${sample.contender}`;
    t.equal(sample.failed, 0, `${name}: ${sample.firstFailure}`);
    t.ok(sample.requests > 0, name);
    const { envoy, server } = sample.cpuMicrosPerRequest;
    t.equal(envoy !== undefined && server !== undefined, sample.contender !== "direct", name);
  }
  const next = samples.find(({ contender }) => contender === "clrk-next");
  t.ok((next?.upstreamRequests ?? 0) > 1.5, "requests reach the backend that fails, and another");
});
