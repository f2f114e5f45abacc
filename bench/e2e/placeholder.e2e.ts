/**
 * Placeholders as agents use them: real SDKs behind `clrk run` with a fake key, an upstream that takes only the real one;
 * every place where a key may stand, and every other host.
 */
import { join } from "node:path";
import t from "tap";
import type { PlaceholderList } from "../../gateway/control-api.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import type { AgentRequest } from "../harness/agent-requests.ts";
import { runClient } from "../harness/clients/child-client.ts";
import { askControl } from "../harness/control-client.ts";
import { startGateway } from "../harness/gateway.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { startMirrorUpstream } from "../harness/mirror-upstream.ts";
import { runProcess } from "../harness/processes.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";

const everywhere = ["Header", "BasicAuth", "Query", "Path", "Body"];
const keyValue = "mk-7Hd8sK2lQ9pZ4xV6bN1mC3wE5rT0yU";
const otherValue = 'pw/9f8e7d6c5b4a39281706"f5e4d3c2b1a0+x';

const upstreams = await startUpstreams(t, { tlsHosts: ["plain-route.test"] });
const mirrorHosts = ["keyed.test", "other.test", "header-only.test", "weighted.test"];
const mirror = await startMirrorUpstream(t, upstreams.authority.issue(mirrorHosts));

function swapping(
  name: string,
  options: { kind?: string; secret?: string; spec?: object; in?: readonly string[] } = {},
) {
  const { kind = "EgressHTTPRoute", secret = name, spec = {} } = options;
  return objectManifest("CredentialInjectionPolicy", name, {
    targetRefs: [{ group: "clrk.apoxy.dev", kind, name }],
    secretRef: { name: secret },
    target: "Placeholder",
    placeholder: options.in === undefined ? {} : { in: options.in },
    ...spec,
  });
}

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      aliases: [...upstreams.aliases, { port: mirror.port, hostnames: mirrorHosts }],
      upstreamCa: upstreams.upstreamCa,
    }),
    "models.yaml": [
      objectManifest("AIProviderRoute", "openai", {
        rules: [{ matches: [{ provider: "openai", endpoints: ["/v1/chat/*", "/v1/responses"] }] }],
      }),
      objectManifest("AIProviderRoute", "anthropic", {
        // Chosen by its body: the way that is picked swaps, the entry before it does not.
        rules: [{ matches: [{ provider: "anthropic", models: ["claude-*"] }] }],
      }),
      swapping("openai", { kind: "AIProviderRoute", spec: { scrubResponse: true } }),
      swapping("anthropic", { kind: "AIProviderRoute" }),
    ].join(""),
    "hosts.yaml": [
      ...["keyed", "other", "header-only"].map((name) => allowHosts(name, [`${name}.test`])),
      allowHosts("plain-route", ["plain-route.test"]),
      swapping("keyed", { in: everywhere, spec: { scrubResponse: true } }),
      swapping("other", { in: everywhere, spec: { scrubResponse: true } }),
      swapping("header-only", { secret: "keyed" }),
    ].join(""),
  },
  secrets: [
    { name: "openai", value: openAiKey },
    { name: "anthropic", value: anthropicKey },
    { name: "keyed", value: keyValue },
    { name: "other", value: otherValue },
  ],
});
const run = await gateway.registerRun("swapper");
const launcher = join(import.meta.dirname, "../../bin/clrk.mjs");

async function placeholders(): Promise<Record<string, string>> {
  const { value } = await askControl(gateway.controlSocket, "GET /v1/placeholders");
  // The interface's own type for this path.
  const { items } = value as PlaceholderList;
  return Object.fromEntries(items.map(({ name, placeholder }) => [name, placeholder]));
}

const { openai = "", anthropic = "", keyed = "", other = "" } = await placeholders();

async function ask(url: string, request: AgentRequest = {}) {
  const before = mirror.requests.length;
  const response = await requestThrough(run, url, request);
  return { response, seen: mirror.requests[before] };
}

t.test("placeholders look like the keys, and are none", async (test) => {
  test.match(openai, /^sk-proj-[\da-z-]{25}$/);
  test.match(anthropic, /^sk-[\da-z]{29}$/);
  for (const [fake, real] of [
    [openai, openAiKey],
    [keyed, keyValue],
    [other, otherValue],
  ]) {
    test.equal(fake?.length, real?.length);
    test.not(fake, real);
  }
});

const keys: Readonly<Record<string, string>> = { openai: openAiKey, anthropic: anthropicKey };

const clients = [
  { client: "openai-client", operation: "chat", variable: "OPENAI_API_KEY", secret: "openai" },
  {
    client: "openai-client",
    operation: "chat-stream",
    variable: "OPENAI_API_KEY",
    secret: "openai",
  },
  {
    client: "openai-client",
    operation: "responses-stream",
    variable: "OPENAI_API_KEY",
    secret: "openai",
  },
  {
    client: "anthropic-client",
    operation: "message",
    variable: "ANTHROPIC_API_KEY",
    secret: "anthropic",
  },
  {
    client: "anthropic-client",
    operation: "message-stream",
    variable: "ANTHROPIC_API_KEY",
    secret: "anthropic",
  },
];

for (const { client, operation, variable, secret } of clients) {
  t.test(`${client} ${operation} is served by a placeholder of clrk run`, async (test) => {
    upstreams.tls.reset();
    const program = join(import.meta.dirname, `../harness/clients/${client}.ts`);
    const result = await runClient(
      process.execPath,
      [
        ...[launcher, "run", "--quiet", "--placeholder", `${variable}=${secret}`, "--"],
        ...[process.execPath, "--disable-warning=ExperimentalWarning", program],
        JSON.stringify({ operation }),
      ],
      { environment: { CLRK_HOME: gateway.home } },
    );
    test.match(result, { kind: "answered", value: { text: "You said: Hello" } });
    const [request] = upstreams.tls.requests;
    const { authorization, "x-api-key": own } = request?.headers ?? {};
    test.equal(authorization ?? `Bearer ${own}`, `Bearer ${keys[secret]}`);
  });
}

t.test("large streams pass whole, though they are read and searched", async (test) => {
  const prompt = Array.from({ length: 4_000 }, (_, index) => `word${index}`).join(" ");
  const body = JSON.stringify({
    model: "gpt-4.1",
    stream: true,
    messages: [{ role: "user", content: prompt }],
  });
  const one = async () => {
    const response = await requestThrough(run, "https://api.openai.com/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${openai}` },
      body,
      deadlineMs: 60_000,
    });
    const parts = [...response.text.matchAll(/"content":("(?:[^"\\]|\\.)*")/g)];
    return parts.map(([, text = '""']) => JSON.parse(text)).join("");
  };
  for (let round = 0; round < 5; round++) {
    const texts = await Promise.all(Array.from({ length: 4 }, one));
    test.same(new Set(texts), new Set([`You said: ${prompt}`]));
  }
});

t.test("clrk run says which placeholder there is none of", async (test) => {
  const outcome = await runProcess(
    {
      command: process.execPath,
      arguments: [launcher, "run", "--placeholder", "KEY=nobody", "--", "true"],
      environment: { PATH: process.env["PATH"] ?? "", CLRK_HOME: gateway.home },
    },
    10_000,
  );
  test.equal(outcome.exitCode, 125);
  test.match(
    outcome.stderr,
    /no rule takes a placeholder for key "token" of Secret default\/nobody/,
  );
});

const places = [
  {
    name: "a header",
    url: "https://keyed.test/x",
    request: { headers: { authorization: `Bearer ${keyed}`, "x-second": `${keyed};${keyed}` } },
    wanted: {
      headers: { authorization: `Bearer ${keyValue}`, "x-second": `${keyValue};${keyValue}` },
    },
  },
  {
    name: "basic authentication",
    url: "https://keyed.test/x",
    request: { headers: { authorization: `Basic ${btoa(`me:${keyed}`)}` } },
    wanted: { headers: { authorization: `Basic ${btoa(`me:${keyValue}`)}` } },
  },
  {
    name: "the query",
    url: `https://keyed.test/x?key=${keyed}&y=1`,
    request: {},
    wanted: { path: `/x?key=${keyValue}&y=1` },
  },
  {
    name: "the query, percent-encoded",
    url: `https://other.test/x?key=${encodeURIComponent(other)}`,
    request: {},
    wanted: { path: `/x?key=${encodeURIComponent(otherValue)}` },
  },
  {
    name: "the path",
    url: `https://keyed.test/bot/${keyed}/send`,
    request: {},
    wanted: { path: `/bot/${keyValue}/send` },
  },
  {
    name: "a JSON body",
    url: "https://other.test/x",
    request: { method: "POST", body: JSON.stringify({ key: other, more: [other] }) },
    wanted: { body: JSON.stringify({ key: otherValue, more: [otherValue] }) },
  },
  {
    name: "a multipart body",
    url: "https://keyed.test/x",
    request: {
      method: "POST",
      headers: { "content-type": "multipart/form-data; boundary=b" },
      body: `--b\r\ncontent-disposition: form-data; name="key"\r\n\r\n${keyed}\r\n--b--\r\n`,
    },
    wanted: {
      body: `--b\r\ncontent-disposition: form-data; name="key"\r\n\r\n${keyValue}\r\n--b--\r\n`,
    },
  },
];

for (const { name, url, request, wanted } of places) {
  t.test(`a placeholder is swapped in ${name}`, async (test) => {
    const { response, seen } = await ask(url, request);
    test.equal(response.status, 200, response.text);
    test.match(seen, wanted);
    // The mirror repeats everything; the agent sees its own placeholder again.
    for (const real of [keyValue, otherValue]) test.notOk(response.text.includes(real));
    const own = url.includes("other.test") ? other : keyed;
    const forms = [encodeURIComponent(own), JSON.stringify(own).slice(1, -1), btoa(`me:${own}`)];
    test.ok(forms.some((form) => response.text.includes(form)));
  });
}

t.test("a large body is swapped wherever its pieces end", async (test) => {
  const body = Array.from(
    { length: 3_000 },
    (_, index) => `${"x".repeat(index % 89)}${keyed}`,
  ).join("");
  const { response, seen } = await ask("https://keyed.test/large", { method: "POST", body });
  test.equal(response.status, 200);
  test.equal(seen?.body.length, body.length);
  test.ok(seen?.body === body.replaceAll(keyed, keyValue));
  test.equal(seen?.headers["content-length"], String(body.length));
  test.notOk(response.text.includes(keyValue));
  test.equal(response.text.split(keyed).length, 3_001);
});

const misdirected = [
  {
    name: "another host, in a header",
    url: "https://plain-route.test/bytes/1",
    headers: { "x-any": keyed },
  },
  {
    name: "another host, in basic authentication",
    url: "https://plain-route.test/bytes/1",
    headers: { authorization: `Basic ${btoa(`user:${keyed}`)}` },
  },
  { name: "another host, in the query", url: `https://plain-route.test/bytes/1?q=${keyed}` },
  {
    name: "another host, percent-encoded",
    url: `https://plain-route.test/bytes/1?q=${Array.from(keyed, (unit) => `%${unit.charCodeAt(0).toString(16)}`).join("")}`,
  },
  { name: "another host, in the path", url: `https://plain-route.test/bytes/${keyed}` },
  { name: "a host that no rule allows", url: `https://unlisted.test/?q=${keyed}` },
  {
    name: "a host with a placeholder of its own",
    url: "https://other.test/x",
    headers: { "x-any": keyed },
  },
  {
    name: "a model provider, which is chosen by the body",
    url: "https://api.anthropic.com/v1/messages",
    headers: { "x-api-key": openai, "content-type": "application/json" },
    method: "POST",
    body: '{"model":"claude-x","max_tokens":1,"messages":[{"role":"user","content":"Hello"}]}',
  },
  { name: "its host, in a place that is not allowed", url: `https://header-only.test/?q=${keyed}` },
  {
    name: "its host, in Base64",
    url: "https://header-only.test/",
    headers: { "x-any": btoa(`a ${keyed}`) },
  },
];

for (const { name, url, headers = {}, ...more } of misdirected) {
  t.test(`a placeholder is refused that goes to ${name}`, async (test) => {
    upstreams.tls.reset();
    const { response, seen } = await ask(url, { headers, ...more });
    test.equal(response.status, 403, response.text);
    test.equal(response.headers["x-clrk-deny-reason"], "placeholder-misdirected");
    test.equal(seen, undefined);
    test.same(upstreams.tls.requests, []);
  });
}

t.test("a placeholder of another host is refused in a body that is read", async (test) => {
  const { response, seen } = await ask("https://other.test/x", {
    method: "POST",
    body: `${"x".repeat(100_000)}${keyed}`,
  });
  test.equal(response.status, 403);
  test.equal(response.headers["x-clrk-deny-reason"], "placeholder-misdirected");
  test.equal(seen, undefined);
});

t.test("a compressed body is refused where placeholders are looked for in it", async (test) => {
  const { gzipSync } = await import("node:zlib");
  const { response, seen } = await ask("https://keyed.test/x", {
    method: "POST",
    headers: { "content-encoding": "gzip" },
    body: gzipSync(keyed),
  });
  test.equal(response.status, 415);
  test.equal(response.headers["x-clrk-deny-reason"], "body-malformed");
  test.equal(seen, undefined);
});

t.test(
  "an answer is asked for in plain, and refused when it is compressed nonetheless",
  async (test) => {
    const authorization = `Bearer ${keyed}`;
    const headers = { authorization, "accept-encoding": "gzip", range: "bytes=0-9" };
    const plain = await ask("https://keyed.test/?form=raw", { headers });
    test.equal(plain.response.status, 200);
    test.equal(plain.response.text, `before ${keyed} after`);
    test.match(plain.seen?.headers, { "accept-encoding": "identity" });
    test.equal(plain.seen?.headers["range"], undefined);
    for (const coding of ["gzip", "br", "zstd", "deflate"]) {
      const { response } = await ask(`https://keyed.test/?form=raw&coding=${coding}`, { headers });
      test.equal(response.status, 502, coding);
      test.equal(response.headers["x-clrk-deny-reason"], "answer-unreadable");
    }
  },
);

t.test(
  "records say what happened, and hold neither the value nor the placeholder",
  async (test) => {
    const swapped = await gateway.waitForRecord(({ request }) => request.path.startsWith("/bot/"));
    test.match(swapped, {
      decision: { verdict: "allow", reason: null },
      credential: { name: "Secret default/keyed", header: "placeholder" },
      tier: "engine",
    });
    const refused = await gateway.waitForRecord(
      ({ request, decision }) =>
        request.host === "plain-route.test" && decision.reason === "placeholder-misdirected",
    );
    test.match(refused.decision, { verdict: "deny", message: /not for host plain-route\.test/ });
    await gateway.waitForRecord(
      ({ request, decision }) =>
        request.host === "header-only.test" && decision.reason === "placeholder-misdirected",
    );
    const said = JSON.stringify([gateway.records, gateway.log, await gateway.objects()]);
    for (const hidden of [
      keyValue,
      JSON.stringify(otherValue).slice(1, -1),
      openAiKey,
      anthropicKey,
    ]) {
      test.notOk(said.includes(hidden));
    }
  },
);

t.test("a rotated value is swapped for the same placeholder", async (test) => {
  const rotated = "mk-0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT";
  const stringData = { token: rotated };
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "turned" }, stringData };
  const later = { ...secret, stringData: { token: keyValue } };
  await gateway.change("turned.yaml", JSON.stringify(later));
  await gateway.change(
    "turned-policy.yaml",
    swapping("plain-route", { secret: "turned", in: ["Header"] }),
  );
  const { turned = "" } = await placeholders();
  await gateway.change("turned.yaml", JSON.stringify(secret));
  test.equal((await placeholders())["turned"], turned);
  upstreams.tls.reset();
  await ask("https://plain-route.test/bytes/1", { headers: { "x-key": turned } });
  test.equal(upstreams.tls.requests[0]?.headers["x-key"], rotated);
});

t.test("a header credential beside it is taken out of answers", async (test) => {
  await gateway.change(
    "beside.yaml",
    headerCredential({
      secret: "other",
      route: { kind: "EgressHTTPRoute", name: "header-only" },
      headerName: "x-upstream-key",
    }).replace('"target": "Header"', '"scrubResponse": true, "target": "Header"'),
  );
  const { response, seen } = await ask("https://header-only.test/?form=raw", {
    headers: { "x-second": keyed },
  });
  test.match(seen?.headers, { "x-upstream-key": otherValue, "x-second": keyValue });
  test.match(response.text, /^before \[redacted\]\*+ after$/);
});
