/**
 * Every example as a user starts it: its own manifests and its own agent, with its hosts led to fakes. The one that
 * passes connections through by name runs in a network of its own, because no alias leads a raw connection.
 */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { CONTROL_PATH } from "../../gateway/control-api.ts";
import { askControl } from "../harness/control-client.ts";
import { exampleDirectory, readExamplePolicy } from "../harness/example-policy.ts";
import { createFakeProvider } from "../harness/fake-provider.ts";
import { startGateway } from "../harness/gateway.ts";
import type { RunningGateway } from "../harness/gateway.ts";
import { startMcpServer } from "../harness/mcp-server.ts";
import { hasPrivateNetwork, privateNetworkCommand } from "../harness/private-network.ts";
import { runProcess, temporaryDirectory, waitUntil } from "../harness/processes.ts";
import type { TestScope } from "../harness/processes.ts";
import { createUpstreamAuthority } from "../harness/upstream-authority.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";

const agentDeadlineMs = 30_000;
const insideVariable = "CLRK_TEST_PRIVATE_NETWORK";

/** Starts the gateway with an example's manifests, and fakes with the names given. */
async function startExample(
  scope: TestScope,
  name: string,
  options: {
    readonly tlsHosts?: readonly string[];
    readonly secrets?: readonly { readonly name: string; readonly value: string }[];
    readonly transparent?: boolean;
  } = {},
) {
  const upstreams = await startUpstreams(scope, { tlsHosts: options.tlsHosts ?? [] });
  const { aliases, upstreamCa: authorityPem } = upstreams;
  const gateway = await startGateway(scope, {
    manifests: readExamplePolicy(name, { aliases, authorityPem }),
    secrets: options.secrets ?? [],
    transparent: options.transparent ?? false,
  });
  return { upstreams, gateway };
}

/** Lines that the agent of an example writes, errors included. */
async function runAgent(
  name: string,
  environment: Readonly<Record<string, string>>,
  input = "",
): Promise<string[]> {
  const words = ["--disable-warning=ExperimentalWarning", join(exampleDirectory(name), "agent.ts")];
  const { stdout, stderr, timedOut } = await runProcess(
    { command: process.execPath, arguments: words, environment, input },
    agentDeadlineMs,
  );
  if (timedOut) throw new Error(`Cannot see the end of example "${name}": ${stdout}${stderr}`);
  return `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
}

async function runBehindProxy(gateway: RunningGateway, name: string): Promise<string[]> {
  const run = await gateway.registerRun(name);
  return runAgent(name, run.environment);
}

if (process.env[insideVariable] === undefined) {
  t.test("quickstart: one call is allowed, the other is told why not", async (test) => {
    const secrets = [{ name: "openai", value: openAiKey }];
    const { gateway } = await startExample(test, "quickstart", { secrets });
    const [said = "", refused = ""] = await runBehindProxy(gateway, "quickstart");
    test.equal(said, "The model said: You said: Say hello in five words.");
    test.match(refused, /^paste\.example said: 403 \{"error":\{"code":"clrk_default_policy",/);
  });

  t.test(
    "credential-injection: each host gets its own key and none of the agent's",
    async (test) => {
      const githubKey = "ghp-held-by-the-gateway";
      const { gateway, upstreams } = await startExample(test, "credential-injection", {
        tlsHosts: ["api.github.com"],
        secrets: [
          { name: "openai", value: openAiKey },
          { name: "anthropic", value: anthropicKey },
          { name: "github", value: githubKey },
        ],
      });
      upstreams.tls.misbehave({ host: "api.github.com", status: 200 });
      test.strictSame(await runBehindProxy(gateway, "credential-injection"), [
        "openai: You said: Say hello",
        "anthropic: You said: Say hello",
        "github: 200",
        "github over http: 403 credential-needs-tls",
      ]);
      test.strictSame(
        upstreams.tls.requests.map(({ host, headers }) => ({
          host,
          authorization: headers["authorization"],
          apiKey: headers["x-api-key"],
        })),
        [
          { host: "api.openai.com", authorization: `Bearer ${openAiKey}`, apiKey: undefined },
          { host: "api.anthropic.com", authorization: undefined, apiKey: anthropicKey },
          { host: "api.github.com", authorization: `Bearer ${githubKey}`, apiKey: undefined },
        ],
      );
      const record = await gateway.waitForRecord(({ request }) => request.path === "/user");
      test.match(record, {
        decision: { verdict: "allow", route: { kind: "EgressHTTPRoute", name: "github" } },
        credential: { name: "Secret default/github", header: "authorization" },
      });
    },
  );

  t.test("mcp: an agent has a part of a server's tools", async (test) => {
    const authority = createUpstreamAuthority();
    const hostnames = ["mcp.deepwiki.com"];
    const tools = ["read_wiki_structure", "read_wiki_contents", "ask_question"];
    const server = await startMcpServer(test, authority.issue(hostnames), tools);
    const upstreams = {
      aliases: [{ port: server.port, hostnames }],
      authorityPem: authority.certificatePem,
    };
    const gateway = await startGateway(test, { manifests: readExamplePolicy("mcp", upstreams) });
    const lines = runBehindProxy(gateway, "mcp");
    const { question } = await waitUntil(
      () => gateway.events.find((event) => event.kind === "confirmation"),
      { deadlineMs: agentDeadlineMs, what: "the question about ask_question" },
    );
    const answer = `POST ${CONTROL_PATH.confirmations}/${question.id}` as const;
    await askControl(gateway.controlSocket, answer, { decision: "approve" });
    test.strictSame(await lines, [
      "tools: read_wiki_structure, read_wiki_contents, ask_question",
      "read_wiki_structure of envoyproxy/envoy: answered",
      'read_wiki_structure of someone/else: MCP error -32013: Refused because MCPRoute default/deepwiki does not allow tool "read_wiki_structure" on this server with argument "repoName" as it is',
      "ask_question of envoyproxy/envoy: answered",
    ]);
  });

  t.test("allow-list: only what a rule names passes", async (test) => {
    const { gateway, upstreams } = await startExample(test, "allow-list", {
      tlsHosts: ["api.github.com", "de.wikipedia.org", "wikipedia.org", "pastebin.com"],
    });
    upstreams.tls.misbehave({ status: 200 });
    const issues = "api.github.com/repos/envoyproxy/envoy/issues";
    const noRule = (host: string, call: string) =>
      `403 no-rule: No rule for host ${host} allows ${call} (EgressGateway default/default, defaultPolicy deny-all)`;
    test.strictSame(await runBehindProxy(gateway, "allow-list"), [
      `GET ${issues}: 200 (cache-control null)`,
      `POST ${issues}/1/comments: 200 (cache-control no-store)`,
      `POST ${issues}/1/comments: ${noRule("api.github.com", "POST /repos/envoyproxy/envoy/issues/1/comments")}`,
      `DELETE ${issues}/1: ${noRule("api.github.com", "DELETE /repos/envoyproxy/envoy/issues/1")}`,
      `GET api.github.com/user: ${noRule("api.github.com", "GET /user")}`,
      "GET de.wikipedia.org/wiki/Envoy: 200 (cache-control null)",
      "GET wikipedia.org/: 403 default-policy: No route of EgressGateway default/default allows host wikipedia.org (defaultPolicy deny-all)",
      "POST pastebin.com/api/api_post.php: 451 deny-policy: Paste sites are closed to agents, attach the file to the task instead",
    ]);
    const [, comment] = upstreams.tls.requests;
    test.equal(comment?.headers["x-github-api-version"], "2022-11-28");
    test.equal(comment?.headers["x-agent-task"], undefined);
    test.equal(upstreams.tls.requests.length, 3);
    const record = await gateway.waitForRecord(({ request }) => request.host === "pastebin.com");
    test.match(record.decision, {
      verdict: "deny",
      reason: "deny-policy",
      message: "Paste sites are closed to agents, attach the file to the task instead",
      route: { kind: "EgressHTTPRoute", name: "paste-sites", rule: 0 },
    });
  });

  t.test("model-router: models are told apart, and one has a canary", async (test) => {
    const secrets = [{ name: "openai", value: openAiKey }];
    const { gateway } = await startExample(test, "model-router", { secrets });
    const lines = await runBehindProxy(gateway, "model-router");
    const counts = lines.slice(0, 2).map((line) => /by (\S+) (\d+) times$/.exec(line)?.slice(1));
    test.match(counts, [["gpt-4.1-mini"], ["gpt-5-mini"]]);
    test.equal(
      counts.reduce((sum, [, count] = []) => sum + Number(count), 0),
      40,
    );
    test.strictSame(lines.slice(2), [
      "gpt-5-mini was answered by gpt-5-mini",
      'o3-pro: 403 403 No rule for openai allows model "o3-pro"',
    ]);
  });

  t.test("fallback-router: Claude answers while OpenAI is down", async (test) => {
    const { gateway, upstreams } = await startExample(test, "fallback-router", {
      secrets: [
        { name: "openai", value: openAiKey },
        { name: "anthropic", value: anthropicKey },
      ],
    });
    test.strictSame(await runBehindProxy(gateway, "fallback-router"), [
      "gpt said: You said: Say hello",
    ]);
    upstreams.tls.misbehave({ host: "api.openai.com", status: 503 });
    test.strictSame(await runBehindProxy(gateway, "fallback-router"), [
      "claude said: You said: Say hello",
    ]);
    const record = await gateway.waitForRecord((one) => one.routing?.attempts.length === 2);
    test.match(record.routing?.attempts, [
      { backend: { name: "openai" }, status: 503 },
      { backend: { name: "claude" }, status: 200 },
    ]);
  });

  t.test("cross-provider: an agent of OpenAI is served by Anthropic", async (test) => {
    const secrets = [{ name: "anthropic", value: anthropicKey }];
    const { gateway, upstreams } = await startExample(test, "cross-provider", { secrets });
    test.strictSame(await runBehindProxy(gateway, "cross-provider"), [
      "answer: You said: What is the weather in Lima?",
      "tokens: counted",
      "streamed: You said: What is the weather in Lima?",
      "two answers at once: 400 clrk_not_translatable",
    ]);
    test.strictSame(
      upstreams.tls.requests.map(({ host, pathname }) => `${host}${pathname}`),
      ["api.anthropic.com/v1/messages", "api.anthropic.com/v1/messages"],
    );
  });

  t.test("budget: an agent is stopped when its tokens are used", async (test) => {
    const secrets = [{ name: "openai", value: openAiKey }];
    const { gateway, upstreams } = await startExample(test, "budget", { secrets });
    test.strictSame(await runBehindProxy(gateway, "budget"), [
      "answer: You said: Say hello",
      "stopped: 429 clrk_budget_exhausted",
    ]);
    const asked = upstreams.tls.requests.map(({ body }) => JSON.parse(body.toString()));
    test.ok(asked.length > 1 && asked.length < 100, `${asked.length} calls`);
    for (const { max_completion_tokens: most } of asked) test.equal(most, 256);
  });

  t.test("transparent: a sandbox hands over what its agent dialled", async (test) => {
    const { gateway, upstreams } = await startExample(test, "transparent", {
      tlsHosts: ["en.wikipedia.org"],
      transparent: true,
    });
    upstreams.tls.misbehave({ status: 200 });
    const { PATH = "" } = process.env;
    const status = JSON.stringify({ processes: [await gateway.status()] });
    const [allowed, refused] = await runAgent("transparent", { PATH }, status);
    test.equal(allowed, "en.wikipedia.org: 200");
    test.match(refused, /^paste\.example: 403 default-policy \{"error":\{"code":/);
    const record = await gateway.waitForRecord(
      ({ request }) => request.host === "en.wikipedia.org",
    );
    test.match(record, {
      listener: "transparent",
      clientAddress: "198.51.100.7",
      agent: { kind: "TaskAgent", namespace: "research", name: "reader", revision: "reader-00007" },
      decision: { verdict: "allow", route: { name: "encyclopaedia" } },
    });
  });

  const skip = hasPrivateNetwork() ? false : "this machine gives no network of our own";
  if (skip) t.test("passthrough", { skip }, async () => {});
  else {
    const hosts = join(temporaryDirectory(t), "hosts");
    writeFileSync(
      hosts,
      "203.0.113.10 api.github.com api.stripe.com\n203.0.113.11 github.com gitlab.com\n",
    );
    const words = [process.execPath, "--disable-warning=ExperimentalWarning", import.meta.filename];
    const [command = "", ...rest] = privateNetworkCommand(hosts, words);
    await t.spawn(command, rest, {
      name: "in a network of its own",
      env: { ...process.env, [insideVariable]: "1" },
    });
  }
} else {
  t.test("passthrough: one name stays encrypted, one port carries bytes as they are", passthrough);
}

/** In the private network: the fakes have the ports that the example names, and names come from the hosts file. */
async function passthrough(test: Test): Promise<void> {
  const authority = createUpstreamAuthority();
  const provider = await createFakeProvider({
    certificate: authority.issue(["api.github.com", "api.stripe.com"]),
    openAiKey,
    anthropicKey,
    address: "203.0.113.10",
    port: 443,
  });
  test.teardown(() => provider.close());
  const ssh = createServer((socket) => socket.on("error", () => {}).end("SSH-2.0-fake\r\n"));
  ssh.listen(22, "203.0.113.11");
  await once(ssh, "listening");
  test.teardown(() => ssh.close());
  const authorityPem = authority.certificatePem;
  const gateway = await startGateway(test, {
    manifests: readExamplePolicy("passthrough", { aliases: [], authorityPem }),
  });
  const [intercepted = "", passed = "", allowed, refused] = await runBehindProxy(
    gateway,
    "passthrough",
  );
  test.match(intercepted, /^api\.github\.com: certificate from EgressGateway default\/default /);
  test.match(passed, /^api\.stripe\.com: certificate from Harness upstream authority/);
  test.equal(allowed, "github.com:22: SSH-2.0-fake");
  test.equal(refused, "gitlab.com:22: refused");
  const records = {
    "api.stripe.com": { kind: "tls", verdict: "allow", name: "stripe", at: "203.0.113.10:443" },
    "github.com": { kind: "tcp", verdict: "allow", name: "git-over-ssh", at: "203.0.113.11:22" },
  };
  for (const [host, { kind, verdict, name, at }] of Object.entries(records)) {
    const record = await gateway.waitForRecord(({ request }) => request.host === host);
    test.match(record, {
      kind,
      upstream: { address: at },
      decision: { verdict, route: { kind: "EgressL4Route", name, rule: 0 } },
      credential: null,
    });
  }
  const record = await gateway.waitForRecord(({ request }) => request.host === "gitlab.com");
  test.match(record, { upstream: null, decision: { verdict: "deny", reason: "default-policy" } });
}
