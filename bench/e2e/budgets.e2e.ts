/**
 * Budgets as agents meet them: what one request may ask for, what a day and an execution may use in tokens and money,
 * counted as the provider counts, over disconnects and kills.
 */
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readBlocks } from "../../extproc/budget-blocks.ts";
import { BudgetEntryDecoder } from "../../extproc/budget-entries.ts";
import { mostInputTokens } from "../../extproc/call-demand.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import { runAnthropicClient } from "../harness/clients/anthropic-client.ts";
import { runOpenAiClient } from "../harness/clients/openai-client.ts";
import type { GatewayRun, RunningGateway } from "../harness/gateway.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t);
const home = join(temporaryDirectory(t), "home");
mkdirSync(home, { mode: 0o700 });
writeFileSync(
  join(home, "prices.json"),
  JSON.stringify([{ provider: "openai", models: ["gpt-5-mini"], input: "1000", output: "2000" }]),
);

const rule = (provider: string, model: string, tokenBudget: object) => ({
  matches: [{ provider, models: [model] }],
  filters: [{ type: "TokenBudget", tokenBudget }],
});
const route = (name: string, ...rules: readonly object[]) =>
  objectManifest("AIProviderRoute", name, { rules });

const options = {
  home,
  engineThreads: 3,
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "routes.yaml": [
      route(
        "openai",
        rule("openai", "gpt-4.1", { maxOutputTokensPerRequest: 20, maxTokensPerDay: 1_000_000 }),
        rule("openai", "gpt-4.1-mini", { maxTokensPerExecution: 6_000 }),
        rule("openai", "gpt-4o", { budgetRef: "team", maxTokensPerDay: 10_000 }),
        rule("openai", "gpt-4o-mini", { maxCostPerDay: "2.50" }),
        rule("openai", "gpt-5-mini", { maxCostPerExecution: "20" }),
        rule("openai", "gpt-3.5-turbo", { maxCostPerDay: "1" }),
        rule("openai", "gpt-5", { maxTokensPerDay: 40_000 }),
      ),
      route(
        "anthropic",
        rule("anthropic", "claude-haiku-*", { budgetRef: "team" }),
        rule("anthropic", "claude-sonnet-*", { maxOutputTokensPerRequest: 30 }),
        rule("anthropic", "claude-opus-*", { maxTokensPerExecution: 100 }),
      ),
    ].join(""),
  },
};
let gateway = await startGateway(t, options);

const chatUrl = "https://api.openai.com/v1/chat/completions";
const sdk = (run: GatewayRun) => ({
  environment: { ...run.environment, OPENAI_API_KEY: openAiKey, ANTHROPIC_API_KEY: anthropicKey },
});
const headers = { "content-type": "application/json", authorization: `Bearer ${openAiKey}` };
const chatBody = (model: string, more: object = {}) =>
  JSON.stringify({ model, messages: [{ role: "user", content: "Tell me of the sea" }], ...more });
const chat = (run: GatewayRun, model: string, more: object = {}) =>
  requestThrough(run, chatUrl, { method: "POST", headers, body: chatBody(model, more) });

/** Tokens that the provider said it counted. */
function countedIn(body: Buffer): number {
  const { usage } = JSON.parse(body.toString());
  return Number(usage.total_tokens);
}

/** The count of that name that is used by anybody, or by one run. */
async function countOf(one: RunningGateway, name: string, run?: GatewayRun) {
  const items = await one.budgets();
  const found = items.filter(
    (item) => item.name === name && (run === undefined || item.counted === run.runId),
  );
  return found[0] ?? { used: 0, reserved: 0, limit: null, resets: null };
}

/** The count when nothing is reserved any more. */
function settled(one: RunningGateway, name: string, run?: GatewayRun) {
  return waitUntil(
    async () => {
      const count = await countOf(one, name, run);
      return count.reserved === 0 && count.used > 0 ? count : undefined;
    },
    { deadlineMs: 20_000, what: `settled count of ${name}` },
  );
}

/** Waits until a kill would charge whole nothing of what has ended: until it no longer waits to be written. */
function allWritten({ home }: RunningGateway) {
  const folder = join(home, "budgets");
  return waitUntil(
    () => {
      const open = new Set<string>();
      const journals = readdirSync(folder).filter((file) => file.endsWith(".journal"));
      for (const file of journals) {
        const bytes = readFileSync(join(folder, file));
        const [name] = file.split(".");
        const decoder = new BudgetEntryDecoder();
        readBlocks(bytes, (start, end) =>
          decoder.decode(bytes, [start, end], ({ kind, id }) => {
            if (kind === "reserved") open.add(`${name} ${id}`);
            else open.delete(`${name} ${id}`);
          }),
        );
      }
      return open.size === 0;
    },
    { deadlineMs: 20_000, what: "end of every call in the journals" },
  );
}

const isOf = (run: GatewayRun) => (record: EgressRecord) => record.agent?.uid === run.runId;

t.test("a request asks for no more output than its rule allows", async (test) => {
  const run = await gateway.registerRun("clamped");
  test.equal((await chat(run, "gpt-4.1", { max_completion_tokens: 500 })).status, 200);
  test.equal((await chat(run, "gpt-4.1", { max_tokens: 10 })).status, 200);
  test.equal((await chat(run, "gpt-4.1", { n: 2 })).status, 200);
  test.match(await runAnthropicClient({ operation: "message" }, sdk(run)), { kind: "answered" });
  const bodies = upstreams.tls.requests.slice(-4).map(({ body }) => body.toString());
  test.strictSame(bodies.slice(0, 3), [
    chatBody("gpt-4.1", { max_completion_tokens: 20 }),
    chatBody("gpt-4.1", { max_tokens: 10 }),
    chatBody("gpt-4.1", { n: 2, max_completion_tokens: 10 }),
  ]);
  test.match(JSON.parse(bodies[3] ?? ""), { max_tokens: 30 });
});

t.test("what is counted is what the provider counted", async (test) => {
  const run = await gateway.registerRun("exact");
  const first = await chat(run, "gpt-4.1-mini", { max_tokens: 50 });
  test.equal(first.status, 200);
  const { used, limit, resets } = (await settled(
    gateway,
    "AIProviderRoute/default/openai/1",
    run,
  )) as { used: number; limit: number | null; resets: string | null };
  test.equal(used, countedIn(first.body));
  const sent = Buffer.from(chatBody("gpt-4.1-mini", { max_tokens: 50 }));
  const { usage } = JSON.parse(first.body.toString());
  test.ok(mostInputTokens(sent) >= usage.prompt_tokens, `${usage.prompt_tokens} tokens of input`);
  test.equal(limit, 6_000);
  test.equal(resets, null);
  const record = await gateway.waitForRecord(isOf(run));
  test.match(record, { charge: { tokens: used, estimated: false, cost: /^0\.0\d+$/ } });
});

t.test(
  "at the limit SDKs raise their own error, and executions have each their own",
  async (test) => {
    const run = await gateway.registerRun("limited");
    const ask = () =>
      runAnthropicClient({ operation: "message", model: "claude-opus-4-1" }, sdk(run));
    test.match(await ask(), {
      kind: "failed",
      error: {
        name: "RateLimitError",
        status: 429,
        message:
          /budget .*anthropic\/2 has no room: 100 tokens are left of 100 tokens for an execution/,
      },
    });
    const refusal = await chat(run, "gpt-4.1-mini", { max_tokens: 5_900 });
    test.equal(refusal.status, 429);
    test.match(refusal.headers, {
      "x-clrk-deny-reason": "budget-exhausted",
      "retry-after": undefined,
    });
    test.match(JSON.parse(refusal.body.toString()), {
      error: { code: "clrk_budget_exhausted", message: /ask for less output, end this execution/ },
    });
    const openAi = await runOpenAiClient(
      { operation: "chat", model: "gpt-4.1-mini", prompt: "x".repeat(5_000) },
      sdk(run),
    );
    test.match(openAi, { kind: "failed", error: { name: "RateLimitError", status: 429 } });
    test.match(await gateway.waitForRecord(isOf(run)), {
      decision: { verdict: "deny", reason: "budget-exhausted" },
      response: { status: 429 },
    });
  },
);

t.test(
  "a shared budget is one for all rules that name it, and begins anew with the day",
  async (test) => {
    const run = await gateway.registerRun("team");
    const model = "claude-haiku-4-5";
    test.match(await runAnthropicClient({ operation: "message", model }, sdk(run)), {
      kind: "answered",
    });
    const after = await settled(gateway, "default/team");
    test.equal((await chat(run, "gpt-4o", { max_tokens: 100 })).status, 200);
    test.ok((await settled(gateway, "default/team")).used > after.used);
    const refusal = await chat(run, "gpt-4o", { max_tokens: 9_500 });
    test.equal(refusal.status, 429);
    const seconds = Number(refusal.headers["retry-after"]);
    test.ok(seconds > 0 && seconds <= 86_400, `${seconds} s`);
  },
);

t.test(
  "money is counted by the price of the model, and without a price nothing is spent",
  async (test) => {
    const run = await gateway.registerRun("money");
    const own = await chat(run, "gpt-5-mini", { max_completion_tokens: 100 });
    test.equal(own.status, 200);
    const { usage } = JSON.parse(own.body.toString());
    const { used } = await settled(gateway, "AIProviderRoute/default/openai/4", run);
    test.equal(used, usage.prompt_tokens * 1_000 + usage.completion_tokens * 2_000);
    const dear = await chat(run, "gpt-5-mini", { max_completion_tokens: 100_000 });
    test.equal(dear.status, 429);
    test.match(JSON.parse(dear.body.toString()).error.message, /USD are left of 20\.00 USD/);
    const unpriced = await chat(run, "gpt-3.5-turbo", { max_tokens: 10 });
    test.equal(unpriced.status, 400);
    test.match(
      JSON.parse(unpriced.body.toString()).error.message,
      /no price of model "gpt-3.5-turbo" at openai is known: add it to prices.json/,
    );
  },
);

t.test("many calls at once never get more than there is room for", async (test) => {
  const run = await gateway.registerRun("crowd");
  const before = upstreams.tls.requests.length;
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => chat(run, "gpt-5", { max_completion_tokens: 4_000 })),
  );
  const passed = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 429);
  test.equal(passed.length + refused.length, 40);
  test.ok(refused.length > 0, `${refused.length} refused`);
  test.equal(upstreams.tls.requests.length - before, passed.length);
  const { used } = await settled(gateway, "AIProviderRoute/default/openai/6");
  test.equal(
    used,
    passed.reduce((sum, { body }) => sum + countedIn(body), 0),
  );
  test.ok(used <= 40_000);
});

t.test("what is not a model call passes no rule with a budget", async (test) => {
  const run = await gateway.registerRun("other");
  const { status, body } = await requestThrough(run, "https://api.openai.com/v1/batches", {
    method: "POST",
    headers,
    body: "{}",
  });
  test.equal(status, 403, body.toString());
});

t.test(
  "an agent that goes in the middle is charged an estimate, and an error nothing",
  async (test) => {
    const run = await gateway.registerRun("leaver");
    const stop = upstreams.tls.misbehave({ delayChunkMs: 50, pathname: "/v1/chat/completions" });
    const socket = await openSecureTunnel(run, "api.openai.com:443");
    const body = chatBody("gpt-4.1-mini", { stream: true, max_tokens: 200 });
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: api.openai.com\r\nauthorization: Bearer ${openAiKey}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    await once(socket, "data");
    socket.destroy();
    const { used } = await settled(gateway, "AIProviderRoute/default/openai/1", run);
    stop();
    test.ok(used > 10 && used < 300, `${used}`);
    test.match(await gateway.waitForRecord(isOf(run)), {
      charge: { tokens: used, estimated: true },
    });
    const failing = await gateway.registerRun("failing");
    const heal = upstreams.tls.misbehave({ status: 500 });
    test.equal((await chat(failing, "gpt-4.1-mini", { max_tokens: 50 })).status, 500);
    heal();
    test.match(await gateway.waitForRecord(isOf(failing)), {
      charge: { tokens: 0, estimated: false },
    });
  },
);

t.test(
  "kill -9 of the gateway loses nothing, and charges what was under way by an estimate",
  async (test) => {
    const name = "AIProviderRoute/default/openai/0";
    const run = await gateway.registerRun("killed");
    const answer = await chat(run, "gpt-4.1", { max_tokens: 20 });
    test.equal(answer.status, 200);
    const before = await settled(gateway, name);
    await allWritten(gateway);
    const stop = upstreams.tls.misbehave({ delayHeadersMs: 20_000, host: "api.openai.com" });
    const lost = chat(run, "gpt-4.1", { max_tokens: 20 }).catch(() => undefined);
    const open = await waitUntil(
      async () => {
        const count = await countOf(gateway, name);
        return count.reserved > 0 ? count : undefined;
      },
      { deadlineMs: 20_000, what: "reservation" },
    );
    gateway.child.kill("SIGKILL");
    await once(gateway.child, "exit");
    await lost;
    stop();
    gateway = await startGateway(t, options);
    const after = await countOf(gateway, name);
    const estimate = after.used - before.used;
    // Some words of a prompt with their names, and no more output than the call may have.
    test.ok(estimate > 10 && estimate < 60, `${estimate} of ${open.reserved} that were reserved`);
    test.equal(after.reserved, 0);
  },
);

t.test("a second process on the same folder spends nothing, and says why", async (test) => {
  const second = await startGateway(test, options);
  const run = await second.registerRun("second");
  const before = upstreams.tls.requests.length;
  const { status, headers: answered, body } = await chat(run, "gpt-4.1");
  test.equal(status, 503);
  test.equal(answered["x-clrk-deny-reason"], "budget-unavailable");
  test.match(JSON.parse(body.toString()).error.message, /cannot be written down: see clrk status/);
  test.equal(upstreams.tls.requests.length, before);
  const { engine } = await second.status();
  test.match(engine?.budgets, { failure: /Process \d+ keeps the budgets of/, unwritten: 1 });
});
