/** Rate limits as agents meet them: exact under load and over threads, told in the words of their SDK, and never forgotten. */
import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { runAnthropicClient } from "../harness/clients/anthropic-client.ts";
import { runOpenAiClient } from "../harness/clients/openai-client.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, { tlsHosts: ["tools.test"] });
const limited = (name: string) => ({
  type: "ExtensionRef",
  extensionRef: { group: "clrk.apoxy.dev", kind: "RateLimitPolicy", name },
});
const limit = (name: string, requests: number, more: object = {}) =>
  objectManifest("RateLimitPolicy", name, { requests, window: "1h", ...more });

/** Paths of the fake tool that answers with some bytes. */
const paths = {
  "/exact": "/bytes/1",
  "/route": "/bytes/2",
  "/both": "/bytes/3",
  "/wide": "/bytes/4",
  "/free": "/bytes/5",
};
type ToolPath = keyof typeof paths;
const toolRule = (path: ToolPath, ...limits: readonly string[]) => ({
  matches: [{ path: { type: "Exact", value: paths[path] } }],
  filters: limits.map(limited),
});

/** How many of a hundred requests at once pass. */
const exact = 37;

const gateway = await startGateway(t, {
  engineThreads: 3,
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "limits.yaml": [
      limit("chats", 2),
      limit("messages", 1),
      limit("exact", exact),
      limit("by-route", exact, { scope: "PerRoute" }),
      limit("by-execution", 1, { scope: "PerExecution" }),
      limit("wide", 3),
      limit("rest", 1),
    ].join(""),
    "routes.yaml": [
      objectManifest("AIProviderRoute", "openai", {
        rules: [
          {
            matches: [{ provider: "openai", models: ["gpt-4.1"] }],
            filters: [limited("chats")],
          },
          { matches: [{ provider: "openai", models: ["gpt-5*"] }] },
        ],
      }),
      objectManifest("AIProviderRoute", "anthropic", {
        rules: [{ matches: [{ provider: "anthropic" }], filters: [limited("messages")] }],
      }),
      objectManifest("EgressHTTPRoute", "rest", {
        hostnames: ["api.openai.com"],
        rules: [{ filters: [limited("rest")] }],
      }),
      objectManifest("EgressHTTPRoute", "tools", {
        hostnames: ["tools.test"],
        rules: [
          toolRule("/exact", "exact"),
          toolRule("/route", "by-route"),
          toolRule("/both", "wide", "by-execution"),
          toolRule("/wide", "wide"),
          toolRule("/free"),
        ],
      }),
    ].join(""),
  },
});

const ask = (run: GatewayRun, path: ToolPath) =>
  requestThrough(run, `https://tools.test${paths[path]}`);

async function statuses(runs: readonly GatewayRun[], path: ToolPath): Promise<Map<number, number>> {
  const asked = Array.from({ length: 100 }, (_, index) => runs[index % runs.length]);
  const answers = await Promise.all(asked.flatMap((run) => (run ? [ask(run, path)] : [])));
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}

t.test("exactly as many pass as a limit says, whatever asks at once", async (test) => {
  for (let repeat = 0; repeat < 10; repeat++) {
    const agent = `agent-${repeat}`;
    const runs = [await gateway.registerRun(agent), await gateway.registerRun(agent)];
    const counts = await statuses(runs, "/exact");
    test.same([...counts].sort(), [
      [200, exact],
      [429, 100 - exact],
    ]);
    for (const run of runs) test.equal((await ask(run, "/exact")).status, 429);
    for (const run of runs) await run.end();
  }
  const { engine } = await gateway.status();
  test.equal(engine?.threads.serving, 3);
  test.equal(engine?.limited.spent, 10 * (102 - exact));
  test.equal(engine?.limited.full, 0);
});

t.test("a limit of a route is one for all agents", async (test) => {
  const runs = [await gateway.registerRun("one"), await gateway.registerRun("two")];
  test.same([...(await statuses(runs, "/route"))].sort(), [
    [200, exact],
    [429, 100 - exact],
  ]);
});

t.test("a request that one limit refuses takes nothing of another", async (test) => {
  const first = await gateway.registerRun("many");
  const second = await gateway.registerRun("many");
  const seen: number[] = [];
  for (const [run, path] of [
    [first, "/both"],
    [first, "/both"],
    [first, "/both"],
    [second, "/both"],
    [second, "/wide"],
    [second, "/wide"],
    [first, "/free"],
  ] as const) {
    seen.push((await ask(run, path)).status);
  }
  test.same(seen, [200, 429, 429, 200, 200, 429, 200]);
});

t.test("a refusal says when to come again, and stands in the record", async (test) => {
  const run = await gateway.registerRun("polite");
  for (let index = 0; index < 3; index++) await ask(run, "/wide");
  const { status, headers, body } = await ask(run, "/wide");
  test.equal(status, 429);
  const after = Number(headers["retry-after"]);
  test.ok(after > 1_100 && after <= 1_200, `${after} s`);
  test.match(headers, {
    "x-clrk-deny-reason": "rate-limited",
    "ratelimit-policy": '"wide";q=3;w=3600',
    ratelimit: `"wide";r=0;t=${after}`,
  });
  test.match(JSON.parse(body.toString()), {
    error: {
      code: "clrk_rate_limited",
      message: `Refused because RateLimitPolicy default/wide allows 3 requests in 1h0m0s for each agent: try again in ${after} s`,
    },
  });
  const record = await gateway.waitForRecord(
    (one) => one.agent?.uid === run.runId && one.decision.verdict === "deny",
  );
  test.match(record, {
    response: { status: 429 },
    decision: { verdict: "deny", reason: "rate-limited", route: { name: "tools", rule: 3 } },
    tier: "engine",
  });
});

t.test("SDKs raise what they raise at a provider's own limit", async (test) => {
  const run = await gateway.registerRun("sdk");
  const environment = {
    ...run.environment,
    OPENAI_API_KEY: openAiKey,
    ANTHROPIC_API_KEY: anthropicKey,
  };
  const chat = (model: string) => runOpenAiClient({ operation: "chat", model }, { environment });
  test.match(await chat("gpt-4.1"), { kind: "answered" });
  test.match(await chat("gpt-4.1"), { kind: "answered" });
  test.match(await chat("gpt-4.1"), {
    kind: "failed",
    error: {
      name: "RateLimitError",
      status: 429,
      message: /RateLimitPolicy default\/chats allows 2/,
    },
  });
  test.match(await chat("gpt-5"), { kind: "answered" }, "another rule has no limit");
  const message = () => runAnthropicClient({ operation: "message" }, { environment });
  test.match(await message(), { kind: "answered" });
  test.match(await message(), {
    kind: "failed",
    error: { name: "RateLimitError", status: 429, message: /rate_limit_error/ },
  });
});

t.test("what an entry has let by passes no limit uncounted", async (test) => {
  const run = await gateway.registerRun("rest");
  const environment = { ...run.environment, OPENAI_API_KEY: openAiKey };
  const chat = await runOpenAiClient({ operation: "chat", model: "o3" }, { environment });
  test.match(chat, {
    kind: "failed",
    error: { status: 403, message: /this one was read for a rule/ },
  });
  const models = () => runOpenAiClient({ operation: "models" }, { environment });
  test.match(await models(), { kind: "answered" });
  test.match(await models(), { kind: "failed", error: { status: 429 } });
});

t.test("a change of policy keeps what was counted", async (test) => {
  const run = await gateway.registerRun("survivor");
  for (let index = 0; index < 3; index++) await ask(run, "/wide");
  // Another policy, and the same one with more requests: so much of it is used already.
  await gateway.change("more.yaml", limit("unused", 1));
  test.equal((await ask(run, "/wide")).status, 429);
});
