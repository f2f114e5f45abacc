import t from "tap";
import { runAnthropicClient } from "../harness/clients/anthropic-client.ts";
import { runOpenAiClient } from "../harness/clients/openai-client.ts";
import { httpOver, tlsOver } from "../harness/http-over-socket.ts";
import { openThroughProxy } from "../harness/connect-proxy-client.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, headerCredential, objectManifest } from "../harness/gateway-manifests.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";

const placeholder = "placeholder-of-the-agent";

const upstreams = await startUpstreams(t);
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "routes.yaml": [
      objectManifest("AIProviderRoute", "openai", {
        rules: [{ matches: [{ provider: "openai", endpoints: ["/v1/chat/*", "/v1/responses"] }] }],
      }),
      objectManifest("AIProviderRoute", "anthropic", {
        rules: [{ matches: [{ provider: "anthropic", endpoints: ["/v1/messages"] }] }],
      }),
    ].join(""),
    "credentials.yaml": [
      headerCredential({
        secret: "openai",
        route: { kind: "AIProviderRoute", name: "openai" },
        headerName: "Authorization",
        valuePrefix: "Bearer ",
      }),
      headerCredential({
        secret: "anthropic",
        route: { kind: "AIProviderRoute", name: "anthropic" },
        headerName: "x-api-key",
      }),
    ].join(""),
  },
  secrets: [
    { name: "openai", value: openAiKey },
    { name: "anthropic", value: anthropicKey },
  ],
});
const run = await gateway.registerRun("researcher");
const environment = {
  ...run.environment,
  OPENAI_API_KEY: placeholder,
  ANTHROPIC_API_KEY: placeholder,
};

function agentNeverSeen(): string[] {
  return upstreams.tls.requests.flatMap(({ headers }) =>
    Object.entries(headers).flatMap(([name, value]) =>
      value.includes(placeholder) || value.includes(run.runId) ? [name] : [],
    ),
  );
}

t.test("openai SDK is answered with a credential that the agent never had", async (test) => {
  const cases = [
    { operation: "chat", path: "/v1/chat/completions", value: { text: "You said: Hello" } },
    {
      operation: "chat-stream",
      path: "/v1/chat/completions",
      value: { text: "You said: Hello", parts: 7, outputTokens: 4 },
    },
    { operation: "responses-stream", path: "/v1/responses", value: { text: "You said: Hello" } },
  ] as const;
  for (const { operation, path, value } of cases) {
    upstreams.tls.reset();
    const seen = gateway.records.length;
    const result = await runOpenAiClient({ operation }, { environment });
    test.match(result, { kind: "answered", value }, operation);
    const [request] = upstreams.tls.requests;
    test.match(request, { host: "api.openai.com", pathname: path, status: 200 }, operation);
    test.equal(request?.headers["authorization"], `Bearer ${openAiKey}`);
    test.same(agentNeverSeen(), []);
    const record = await gateway.waitForRecord(
      (one) => one.request.path === path && gateway.records.indexOf(one) >= seen,
    );
    test.match(record, {
      kind: "http",
      agent: { kind: "Process", name: "researcher", uid: run.runId },
      listener: "explicit",
      request: { method: "POST", scheme: "https", host: "api.openai.com", port: 443 },
      response: { status: 200 },
      decision: {
        verdict: "allow",
        reason: null,
        route: { kind: "AIProviderRoute", namespace: "default", name: "openai", rule: 0 },
      },
      provider: "openai",
      credential: { name: "Secret default/openai", header: "authorization" },
      tier: "engine",
    });
  }
});

t.test("anthropic SDK is answered with a credential that the agent never had", async (test) => {
  for (const operation of ["message", "message-stream"] as const) {
    upstreams.tls.reset();
    const result = await runAnthropicClient({ operation }, { environment });
    test.match(result, { kind: "answered", value: { text: "You said: Hello" } }, operation);
    const [request] = upstreams.tls.requests;
    test.equal(request?.headers["x-api-key"], anthropicKey);
    test.equal(request?.headers["authorization"], undefined);
    test.same(agentNeverSeen(), []);
  }
  const record = await gateway.waitForRecord(({ provider }) => provider === "anthropic");
  test.match(record, {
    decision: { verdict: "allow", route: { kind: "AIProviderRoute", name: "anthropic" } },
    credential: { name: "Secret default/anthropic", header: "x-api-key" },
  });
});

t.test("a placeholder goes from every header in which it may stand", async (test) => {
  upstreams.tls.reset();
  const tunnel = await openThroughProxy(run.proxy, {
    target: "api.openai.com:443",
    authorization: run.authorization,
  });
  test.equal(tunnel.kind, "tunnel");
  if (tunnel.kind !== "tunnel") return;
  const secure = await tlsOver(tunnel.socket, { servername: "api.openai.com", ca: run.ca });
  const response = await httpOver(secure, {
    method: "POST",
    path: "/v1/chat/completions",
    authority: "api.openai.com",
    headers: {
      "content-type": "application/json",
      authorization: [`Bearer ${placeholder}`, `Bearer second-${placeholder}`],
      "x-api-key": placeholder,
      "api-key": placeholder,
      "x-goog-api-key": placeholder,
      "proxy-authorization": run.authorization,
      "x-clrk-run": placeholder,
      "x-envoy-upstream-rq-timeout-ms": "1",
    },
    body: JSON.stringify({ model: "gpt-4.1", messages: [{ role: "user", content: "Hello" }] }),
  });
  secure.destroy();
  test.equal(response.status, 200);
  const [request] = upstreams.tls.requests;
  test.equal(request?.headers["authorization"], `Bearer ${openAiKey}`);
  test.same(agentNeverSeen(), []);
  const names = Object.keys(request?.headers ?? {});
  test.same(
    names.filter((name) => /^(?:x-clrk-|x-envoy-|x-forwarded-|proxy-|x-request-id)/.test(name)),
    [],
  );
});

const refusals = [
  {
    name: "openai SDK on an endpoint that no rule allows",
    act: () => runOpenAiClient({ operation: "embeddings" }, { environment }),
    message:
      "No rule for host api.openai.com allows POST /v1/embeddings (EgressGateway default/egress, defaultPolicy deny-all)",
    path: "/v1/embeddings",
    reason: "no-rule",
    error: { code: "clrk_no_rule", type: "permission_error" },
  },
  {
    name: "openai SDK on a host that no route allows",
    act: () =>
      runOpenAiClient(
        { operation: "chat" },
        { environment: { ...environment, OPENAI_BASE_URL: "https://models.test/v1" } },
      ),
    message:
      "No route of EgressGateway default/egress allows host models.test (defaultPolicy deny-all)",
    path: "/v1/chat/completions",
    reason: "default-policy",
    error: { code: "clrk_default_policy", type: "permission_error" },
  },
  {
    name: "anthropic SDK on an endpoint that no rule allows",
    act: () => runAnthropicClient({ operation: "count-tokens" }, { environment }),
    message:
      "No rule for host api.anthropic.com allows POST /v1/messages/count_tokens (EgressGateway default/egress, defaultPolicy deny-all)",
    path: "/v1/messages/count_tokens",
    reason: "no-rule",
    error: {},
  },
  {
    name: "anthropic SDK on a host that no route allows",
    act: () =>
      runAnthropicClient(
        { operation: "message" },
        { environment: { ...environment, ANTHROPIC_BASE_URL: "https://models.test" } },
      ),
    message:
      "No route of EgressGateway default/egress allows host models.test (defaultPolicy deny-all)",
    path: "/v1/messages",
    reason: "default-policy",
    error: {},
  },
];

for (const { name, act, message, path, reason, error } of refusals) {
  t.test(`${name} raises its exception for a lack of permission`, async (test) => {
    upstreams.tls.reset();
    const seen = gateway.records.length;
    const result = await act();
    test.match(result, {
      kind: "failed",
      error: { name: "PermissionDeniedError", status: 403, ...error },
    });
    if (result.kind === "failed")
      test.ok(result.error.message.includes(message), result.error.message);
    test.equal(upstreams.tls.requests.length, 0);
    const record = await gateway.waitForRecord(
      (one) => one.request.path === path && gateway.records.indexOf(one) >= seen,
    );
    test.match(record, {
      agent: { uid: run.runId },
      response: { status: 403 },
      decision: { verdict: "deny", reason },
      upstream: null,
      credential: null,
    });
  });
}

t.test("no file, log or answer of the process holds a credential", async (test) => {
  const status = JSON.stringify([await gateway.status(), await gateway.objects(), gateway.records]);
  for (const key of [openAiKey, anthropicKey]) {
    test.notOk(status.includes(key));
    test.notOk(gateway.log.includes(key));
  }
});
