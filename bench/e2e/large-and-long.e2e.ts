import { createHash } from "node:crypto";
import t from "tap";
import { patternBytes } from "../harness/fake/echo.ts";
import { openSecureTunnel } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { httpOver, openHttp2 } from "../harness/http-over-socket.ts";
import { runAnthropicClient } from "../harness/clients/anthropic-client.ts";
import { runOpenAiClient } from "../harness/clients/openai-client.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";

const largeBytes = 10 * 1024 * 1024;

const upstreams = await startUpstreams(t, { tlsHosts: ["echo.test"] });
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({ ...upstreams, spec: { requestTimeout: "2s" } }),
    "routes.yaml": [
      allowHosts("echo", ["echo.test"]),
      objectManifest("AIProviderRoute", "models", {
        rules: [{ matches: [{ provider: "openai" }, { provider: "anthropic" }] }],
      }),
    ].join(""),
  },
});
const run = await gateway.registerRun("loader");
const authority = "echo.test";

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

t.test("10 MiB pass in both directions unchanged", async (test) => {
  const sent = Buffer.alloc(largeBytes, patternBytes(7, 251));
  const expected = sha256(Buffer.alloc(largeBytes, patternBytes(0, 251)));
  const upload = { method: "POST", path: "/sink", authority, body: sent };
  const download = { path: `/bytes/${largeBytes}`, authority };

  const http1 = await openSecureTunnel(run, "echo.test:443");
  const up1 = await httpOver(http1, upload);
  test.same(JSON.parse(up1.text), { bodyBytes: largeBytes, bodySha256: sha256(sent) });
  const down1 = await httpOver(http1, download);
  test.match(
    { complete: down1.complete, sha256: sha256(down1.body) },
    { complete: true, sha256: expected },
  );
  http1.destroy();

  const http2 = openHttp2(await openSecureTunnel(run, "echo.test:443", "h2"));
  const [up2, down2] = await Promise.all([http2.request(upload), http2.request(download)]);
  test.same(JSON.parse(up2.text), { bodyBytes: largeBytes, bodySha256: sha256(sent) });
  test.match(
    { complete: down2.complete, sha256: sha256(down2.body) },
    { complete: true, sha256: expected },
  );
  http2.close();

  const record = await gateway.waitForRecord(
    ({ request }) => request.path === "/sink" && request.protocol === "HTTP/2",
  );
  test.equal(record.request.bytes, largeBytes);
  const back = await gateway.waitForRecord(
    ({ request }) => request.path.startsWith("/bytes/") && request.protocol === "HTTP/1.1",
  );
  test.equal(back.response.bytes, largeBytes);
});

t.test("an event stream outlives requestTimeout", async (test) => {
  const http2 = openHttp2(await openSecureTunnel(run, "echo.test:443", "h2"));
  const startedMs = performance.now();
  const response = await http2.request({ path: "/sse?events=30&intervalMs=200", authority });
  const tookMs = performance.now() - startedMs;
  http2.close();
  test.match(response, { status: 200, complete: true });
  test.equal(response.text.split("event: tick").length - 1, 30);
  test.ok(tookMs >= 5_500, `took ${tookMs} ms`);
  const record = await gateway.waitForRecord(({ request }) => request.path === "/sse");
  test.match(record, { response: { status: 200, flags: [] }, decision: { verdict: "allow" } });
  test.ok(record.durationMs >= 5_500);
  test.ok((record.timings.timeToFirstByteMs ?? 9_999) < 4_000);
});

t.test(
  "response headers later than requestTimeout are a 504 in the caller's shape",
  async (test) => {
    upstreams.tls.misbehave({ delayHeadersMs: 6_000 });
    const environment = {
      ...run.environment,
      OPENAI_API_KEY: openAiKey,
      ANTHROPIC_API_KEY: anthropicKey,
    };
    const secure = await openSecureTunnel(run, "echo.test:443");
    const [plain, openai, anthropic] = await Promise.all([
      httpOver(secure, { path: "/status/200", authority }),
      runOpenAiClient({ operation: "chat" }, { environment }),
      runAnthropicClient({ operation: "message" }, { environment }),
    ]);
    secure.destroy();
    upstreams.tls.reset();
    test.equal(plain.status, 504);
    test.match(JSON.parse(plain.text), {
      error: { type: "gateway_error", message: /echo\.test/ },
      message: /: it sent no response headers in time$/,
    });
    test.match(openai, {
      kind: "failed",
      error: {
        name: "InternalServerError",
        status: 504,
        type: "server_error",
        message: /no response headers in time/,
      },
    });
    test.match(anthropic, {
      kind: "failed",
      error: {
        name: "GatewayTimeoutError",
        status: 504,
        message: /no response headers in time.*api_error/,
      },
    });
    const record = await gateway.waitForRecord(({ request }) => request.path === "/status/200");
    test.match(record, {
      response: { status: 504, flags: ["UT"] },
      decision: { verdict: "allow", route: { name: "echo" } },
    });
  },
);

t.test("many requests share one connection", async (test) => {
  const http1 = await openSecureTunnel(run, "echo.test:443");
  for (let index = 0; index < 5; index++) {
    const response = await httpOver(http1, { path: `/status/${400 + index}`, authority });
    test.equal(response.status, 400 + index);
  }
  http1.destroy();
  const http2 = openHttp2(await openSecureTunnel(run, "echo.test:443", "h2"));
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => http2.request({ path: "/bytes/1000", authority })),
  );
  http2.close();
  test.same(
    [...new Set(answers.map(({ status, body }) => `${status} ${body.length}`))],
    ["200 1000"],
  );
  const ports = new Set(upstreams.tls.requests.map(({ remotePort }) => remotePort));
  test.ok(ports.size <= 4, `${ports.size} upstream connections`);
});
