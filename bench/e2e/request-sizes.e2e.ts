/** Ceilings of a gateway and of rules on what requests weigh and how many there are, in every form in which a body may come. */
import t from "tap";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import { runOpenAiClient } from "../harness/clients/openai-client.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { http2Over } from "../harness/http-over-socket.ts";
import type { HttpResponse } from "../harness/http-over-socket.ts";
import { openAiKey, startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, {
  tlsHosts: ["tools.test", "counted.test"],
  plainHosts: ["plain.test"],
});
const most = 100_000;
const mostOfRule = 3_000;
const sized = (maxBytes: number) => ({ type: "RequestSizeLimit", requestSizeLimit: { maxBytes } });

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      ...upstreams,
      spec: {
        limits: {
          maxRequestBytes: most,
          maxRequestHeaderBytes: 16_384,
          rateLimitPolicies: ["of-all"],
        },
      },
    }),
    "routes.yaml": [
      objectManifest("RateLimitPolicy", "of-all", { requests: 40, window: "1h" }),
      objectManifest("RateLimitPolicy", "of-one", { requests: 2, window: "1h" }),
      objectManifest("AIProviderRoute", "openai", {
        rules: [{ matches: [{ provider: "openai" }] }],
      }),
      objectManifest("EgressHTTPRoute", "counted", {
        hostnames: ["counted.test"],
        rules: [
          {
            filters: [
              {
                type: "ExtensionRef",
                extensionRef: {
                  group: "clrk.apoxy.dev",
                  kind: "RateLimitPolicy",
                  name: "of-one",
                },
              },
            ],
          },
        ],
      }),
      objectManifest("EgressHTTPRoute", "tools", {
        hostnames: ["tools.test", "plain.test"],
        rules: [
          {
            matches: [{ path: { type: "PathPrefix", value: "/echo" } }],
            filters: [sized(mostOfRule)],
          },
          {
            matches: [{ path: { type: "PathPrefix", value: "/status" } }],
            filters: [sized(10 * most)],
          },
          {},
        ],
      }),
    ].join(""),
  },
});

type Send = (run: GatewayRun, path: string, bytes: number) => Promise<HttpResponse>;
const post = (bytes: number, headers: Record<string, string> = {}) =>
  ({ method: "POST", body: Buffer.alloc(bytes, "x"), headers }) as const;
const chunked = { "transfer-encoding": "chunked" };

const forms: readonly { readonly name: string; readonly send: Send }[] = [
  {
    name: "with its length",
    send: (run, path, bytes) => requestThrough(run, `https://tools.test${path}`, post(bytes)),
  },
  {
    name: "in chunks",
    send: (run, path, bytes) =>
      requestThrough(run, `https://tools.test${path}`, post(bytes, chunked)),
  },
  {
    name: "in chunks of plain HTTP",
    send: (run, path, bytes) =>
      requestThrough(run, `http://plain.test${path}`, post(bytes, chunked)),
  },
  {
    name: "by HTTP/2",
    send: async (run, path, bytes) => {
      const socket = await openSecureTunnel(run, "tools.test:443", "h2");
      return http2Over(socket, { path, authority: "tools.test", ...post(bytes) });
    },
  },
];

for (const { name, send } of forms) {
  t.test(
    `a body ${name} passes up to the bound of its rule or gateway, to the byte`,
    async (test) => {
      const run = await gateway.registerRun(name.replaceAll(/[^a-z0-9]/g, ""));
      for (const [path, bound] of [
        ["/echo", mostOfRule],
        ["/sink", most],
      ] as const) {
        const passed = await send(run, path, bound);
        test.equal(passed.status, 200, `${path} ${bound}`);
        test.match(JSON.parse(passed.text), { bodyBytes: bound });
        const refused = await send(run, path, bound + 1);
        test.equal(refused.status, 413, `${path} ${bound + 1}`);
        test.equal(refused.headers["x-clrk-deny-reason"], "body-too-large");
        test.match(JSON.parse(refused.text), { error: { code: "clrk_body_too_large" } });
      }
      test.equal((await send(run, "/status/204", most + 1)).status, 413, "no rule says more");
      const record = await gateway.waitForRecord(
        ({ agent, decision }) => agent?.uid === run.runId && decision.verdict === "deny",
      );
      test.match(record, { response: { status: 413 }, decision: { reason: "body-too-large" } });
    },
  );
}

t.test("an SDK raises what it raises for a request that is too large", async (test) => {
  const run = await gateway.registerRun("sdk");
  const environment = { ...run.environment, OPENAI_API_KEY: openAiKey };
  const prompt = "x".repeat(most);
  const answer = await runOpenAiClient({ operation: "chat", prompt }, { environment });
  test.match(answer, { kind: "failed", error: { status: 413, message: /larger than/ } });
});

t.test("headers have a bound of their own", async (test) => {
  const run = await gateway.registerRun("headers");
  const ask = (bytes: number) =>
    requestThrough(run, "https://tools.test/bytes/1", { headers: { "x-long": "x".repeat(bytes) } });
  test.equal((await ask(14_000)).status, 200);
  test.equal((await ask(17_000)).status, 431);
});

t.test("all of an agent's requests count towards the limit of the gateway", async (test) => {
  const run = await gateway.registerRun("busy");
  const seen = new Map<number, number>();
  const ask = async (url: string) => {
    const { status } = await requestThrough(run, url);
    seen.set(status, (seen.get(status) ?? 0) + 1);
  };
  for (let index = 0; index < 4; index++) await ask("https://counted.test/bytes/1");
  test.same(
    [...seen],
    [
      [200, 2],
      [429, 2],
    ],
  );
  const callers = Array.from({ length: 4 }, async () => {
    for (let index = 0; index < 15; index++) {
      await ask(index % 2 ? "https://tools.test/bytes/1" : "http://plain.test/bytes/1");
    }
  });
  await Promise.all(callers);
  test.equal(seen.get(200), 40, "what its own limit refused took nothing");
  test.equal(seen.get(429), 24);
});

t.test("a gateway's limit that is not there lets nothing by", async (test) => {
  const text = gatewayManifest({
    ...upstreams,
    spec: { limits: { rateLimitPolicies: ["nowhere"] } },
  });
  await gateway.change("gateway.yaml", text);
  const run = await gateway.registerRun("late");
  const { status, headers } = await requestThrough(run, "https://tools.test/bytes/1");
  test.equal(status, 403);
  test.equal(headers["x-clrk-deny-reason"], "not-ready");
});
