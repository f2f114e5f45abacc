/** Placeholders and answers that are searched, on model calls that are tried at one backend after another. */
import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import t from "tap";
import type { PlaceholderList } from "../../gateway/control-api.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { askControl } from "../harness/control-client.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { gatewayManifest, headerCredential, objectManifest } from "../harness/gateway-manifests.ts";
import { startModelServer } from "../harness/model-server.ts";
import type { ModelRequest } from "../harness/model-server.ts";
import { createUpstreamAuthority } from "../harness/upstream-authority.ts";

const names = ["first", "second", "claude"] as const;
const authority = createUpstreamAuthority();
const servers = await Promise.all(
  names.map((name) => startModelServer(t, authority.issue([`${name}.internal`]))),
);
const [first, second, claude] = servers;
if (first === undefined || second === undefined || claude === undefined)
  throw new Error("No server");

const keyOf = (name: string) =>
  `mk-${createHash("sha256").update(name).digest("hex").slice(0, 12)}QwErTyUiOpAsDf`;
const secrets = ["shared", "one", "two", "stray", "claude"];

const group = "clrk.apoxy.dev";
const target = (name: string, sectionName?: string) => ({
  group,
  kind: "AIProviderRoute",
  name,
  ...(sectionName !== undefined && { sectionName }),
});
const swapping = (secret: string, targetRef: object, places?: readonly string[]) =>
  objectManifest("CredentialInjectionPolicy", `swap-${secret}`, {
    targetRefs: [targetRef],
    secretRef: { name: secret },
    target: "Placeholder",
    placeholder: places === undefined ? {} : { in: places },
    scrubResponse: true,
  });
const refs = (...backends: readonly string[]) =>
  backends.map((name) => ({ group, kind: "Backend", name }));
const routed = (name: string, model: string, backends: readonly string[]) => [
  objectManifest("AIProviderRoute", name, {
    rules: [{ matches: [{ provider: "openai", models: [model] }], backendRefs: refs(...backends) }],
  }),
  objectManifest("FallbackRoutingPolicy", name, { targetRefs: [target(name)] }),
];

const gateway = await startGateway(t, {
  secrets: secrets.map((name) => ({ name, value: keyOf(name) })),
  manifests: {
    "gateway.yaml": gatewayManifest({
      aliases: names.map((name, index) => ({
        port: servers[index]?.port ?? 0,
        hostnames: [`${name}.internal`],
      })),
      upstreamCa: authority.certificatePem,
    }),
    "routes.yaml": [
      ...["first", "second"].map((name) =>
        objectManifest("Backend", name, {
          schema: { name: "openai" },
          upstream: { host: `${name}.internal` },
        }),
      ),
      objectManifest("Backend", "claude", {
        schema: { name: "anthropic" },
        upstream: { host: "claude.internal" },
        modelRewrites: [{ from: "*", to: "claude-sonnet-4-5" }],
      }),
      ...routed("shared", "gpt-shared", ["first", "second", "claude"]),
      ...routed("apart", "gpt-apart", ["first", "second"]),
      ...routed("scrubbed", "gpt-scrubbed", ["first", "second"]),
      swapping("shared", target("shared"), ["Header", "Body"]),
      headerCredential({
        secret: "claude",
        route: { kind: "AIProviderRoute", name: "shared", sectionName: "claude" },
        headerName: "x-api-key",
      }),
      swapping("one", target("apart", "first")),
      swapping("two", target("apart", "second")),
      objectManifest("AIProviderRoute", "stray", {
        rules: [{ matches: [{ provider: "mistral" }] }],
      }),
      swapping("stray", target("stray")),
      ...["one", "two"].map((secret, index) =>
        objectManifest("CredentialInjectionPolicy", `inject-${secret}`, {
          targetRefs: [target("scrubbed", index === 0 ? "first" : "second")],
          secretRef: { name: secret },
          target: "Header",
          headerName: "authorization",
          valuePrefix: "Bearer ",
          scrubResponse: true,
        }),
      ),
    ].join(""),
  },
});

const { value: listed } = await askControl(gateway.controlSocket, "GET /v1/placeholders");
// The interface's own type for this path.
const { items } = listed as PlaceholderList;
const fakes = Object.fromEntries(items.map(({ name, placeholder }) => [name, placeholder]));
const fake = (name: string) => fakes[name] ?? "";

/** Everything that a server was sent of a request. */
const textOf = ({ request, body }: ModelRequest) =>
  [request.url, ...request.rawHeaders, body.toString()].join("\n");

const busy = (response: ServerResponse) => response.writeHead(503).end();

/** Repeats what it was sent, as a chat or a message of its dialect. */
function repeating(dialect: "openai" | "anthropic") {
  return (received: ModelRequest, response: ServerResponse) => {
    const content = textOf(received);
    const answer =
      dialect === "openai"
        ? {
            id: "c",
            object: "chat.completion",
            model: "m",
            choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
          }
        : {
            id: "m",
            type: "message",
            role: "assistant",
            model: "m",
            content: [{ type: "text", text: content }],
            stop_reason: "end_turn",
            usage: { input_tokens: 1, output_tokens: 1 },
          };
    response.setHeader("content-type", "application/json");
    response.setHeader("x-repeated", String(received.request.headers.authorization ?? "none"));
    response.end(JSON.stringify(answer));
  };
}

async function ask(
  run: GatewayRun,
  model: string,
  more: { readonly headers?: Readonly<Record<string, string>>; readonly said?: string } = {},
) {
  const { headers = {}, said = "Hello" } = more;
  const before = servers.map(({ received }) => received.length);
  const answer = await requestThrough(run, "https://api.openai.com/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", "accept-encoding": "gzip", ...headers },
    body: JSON.stringify({ model, messages: [{ role: "user", content: said }] }),
  });
  const seen = servers.map(({ received }, index) => received.slice(before[index]).map(textOf));
  return { ...answer, text: answer.body.toString(), seen };
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

t.test("each attempt swaps for itself, and the answer has the placeholder again", async (test) => {
  first.answerWith((_, response) => busy(response));
  second.answerWith(repeating("openai"));
  const run = await gateway.registerRun("shared");
  const said = `It is ${fake("shared")}`;
  const { status, text, headers, seen } = await ask(run, "gpt-shared", {
    headers: bearer(fake("shared")),
    said,
  });
  test.equal(status, 200);
  const real = keyOf("shared");
  for (const [sent] of seen.slice(0, 2)) {
    test.match(sent, `Bearer ${real}`);
    test.match(sent, `It is ${real}`);
    test.notMatch(sent, fake("shared"));
  }
  test.same(
    seen.map(({ length }) => length),
    [1, 1, 0],
  );
  test.notMatch(`${text}${headers["x-repeated"]}`, real);
  test.match(text, `It is ${fake("shared")}`);
  test.equal(headers["x-repeated"], `Bearer ${fake("shared")}`);
  const record = await gateway.waitForRecord(
    ({ agent, routing }) => agent?.uid === run.runId && routing !== null,
  );
  test.match(record, { routing: { backend: { name: "second" }, attempts: { length: 2 } } });
  test.notMatch(JSON.stringify(record), real);
});

t.test("another provider gets its own credential and no placeholder", async (test) => {
  for (const server of [first, second]) server.answerWith((_, response) => busy(response));
  claude.answerWith(repeating("anthropic"));
  const run = await gateway.registerRun("foreign");
  const { status, text, seen } = await ask(run, "gpt-shared", { headers: bearer(fake("shared")) });
  test.equal(status, 200);
  const [sent = ""] = seen[2] ?? [];
  test.match(sent, keyOf("claude"));
  for (const key of [keyOf("shared"), fake("shared")]) test.notMatch(sent, key);
  for (const key of [keyOf("shared"), fake("shared")]) test.notMatch(text, key);
});

t.test("a value of one backend never reaches the next one", async (test) => {
  first.answerWith((_, response) => busy(response));
  second.answerWith(repeating("openai"));
  const run = await gateway.registerRun("apart");
  const one = await ask(run, "gpt-apart", { headers: bearer(fake("one")) });
  test.equal(one.status, 200);
  test.match(one.seen[0]?.[0], `Bearer ${keyOf("one")}`);
  test.notMatch(one.seen[1]?.[0], new RegExp(`${keyOf("one")}|${fake("one")}`));
  const custom = await ask(run, "gpt-apart", { headers: { "x-tool-key": fake("one") } });
  test.equal(custom.status, 503, "only the first may be asked with it");
  test.match(custom.seen[0]?.[0], keyOf("one"));
  test.same(custom.seen[1], []);
  const both = await ask(run, "gpt-apart", {
    headers: { ...bearer(fake("one")), "x-tool-key": fake("two") },
  });
  test.equal(both.status, 403);
  test.same(both.seen, [[], [], []]);
});

t.test("a placeholder that is for no backend is refused, and none is asked", async (test) => {
  const run = await gateway.registerRun("stray");
  for (const headers of [
    bearer(fake("stray")),
    { "x-a": fake("two") },
    { cookie: fake("stray") },
  ]) {
    const { status, headers: told, seen } = await ask(run, "gpt-shared", { headers });
    test.equal(status, 403);
    test.equal(told["x-clrk-deny-reason"], "placeholder-misdirected");
    test.same(seen, [[], [], []]);
  }
  const said = `It is ${fake("two")}`;
  const { status } = await ask(run, "gpt-shared", { headers: bearer(fake("shared")), said });
  test.equal(status, 403, "where bodies are looked at");
});

t.test("answers are searched for the values of all backends that may answer", async (test) => {
  first.answerWith((_, response) => busy(response));
  second.answerWith(repeating("openai"));
  const run = await gateway.registerRun("scrubbed");
  const { status, text, headers, seen } = await ask(run, "gpt-scrubbed");
  test.equal(status, 200);
  test.match(seen[0]?.[0], `Bearer ${keyOf("one")}`);
  test.match(seen[1]?.[0], `Bearer ${keyOf("two")}`);
  test.notMatch(seen[1]?.[0], keyOf("one"));
  test.notMatch(`${text}${headers["x-repeated"]}`, keyOf("two"));
});
