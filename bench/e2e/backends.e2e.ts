import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, headerCredential, objectManifest } from "../harness/gateway-manifests.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const count = 200;
const upstreams = await startUpstreams(t, { tlsHosts: ["large.test", "small.test", "off.test"] });
const backend = (name: string) => ({ group: "clrk.apoxy.dev", kind: "Backend", name });
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "backends.yaml": [
      objectManifest("Backend", "large", { upstream: { host: "large.test", port: 443 } }),
      objectManifest("Backend", "small", { upstream: { host: "small.test", port: 8443 } }),
      objectManifest("Backend", "off", { upstream: { host: "off.test" } }),
    ].join(""),
    "routes.yaml": [
      objectManifest("AIProviderRoute", "models", {
        rules: [
          {
            matches: [{ provider: "openai" }],
            backendRefs: [
              { ...backend("large"), weight: 90 },
              { ...backend("small"), weight: 10 },
              { ...backend("off"), weight: 0 },
            ],
          },
        ],
      }),
      objectManifest("AIProviderRoute", "lost", {
        rules: [{ matches: [{ provider: "anthropic" }], backendRefs: [backend("missing")] }],
      }),
    ].join(""),
    "credentials.yaml": [
      headerCredential({
        secret: "large",
        route: { kind: "AIProviderRoute", name: "models", sectionName: "large" },
        headerName: "Authorization",
        valuePrefix: "Bearer ",
      }),
      headerCredential({
        secret: "small",
        route: { kind: "AIProviderRoute", name: "models", sectionName: "small" },
        headerName: "api-key",
      }),
    ].join(""),
  },
  secrets: [
    { name: "large", value: "key-of-large" },
    { name: "small", value: "key-of-small" },
  ],
});
const run = await gateway.registerRun("spreader");

t.test("requests are spread by weight, each with the credential of its backend", async (test) => {
  for (let done = 0; done < count; done += 10) {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        requestThrough(run, "https://api.openai.com/echo", {
          method: "POST",
          body: "hello",
          headers: { authorization: "Bearer placeholder", "x-api-key": "placeholder" },
        }),
      ),
    );
    test.same([...new Set(answers.map(({ status }) => status))], [200]);
  }
  const of = (host: string) => upstreams.tls.requests.filter((request) => request.host === host);
  const large = of("large.test");
  const small = of("small.test");
  test.equal(large.length + small.length, count);
  // Far more than five standard deviations (4.2) around 20.
  test.ok(small.length >= 1 && small.length <= 45, `${small.length} of ${count} at the small one`);
  const credentialsOf = (requests: typeof large) => [
    ...new Set(
      requests.map(({ headers }) =>
        JSON.stringify([headers["authorization"], headers["api-key"], headers["x-api-key"]]),
      ),
    ),
  ];
  test.same(credentialsOf(large), ['["Bearer key-of-large",null,null]']);
  test.same(credentialsOf(small), ['[null,"key-of-small",null]']);
  test.equal(large[0]?.authority, "large.test");
  test.equal(small[0]?.authority, "small.test:8443");
  await gateway.waitForRecord(() => gateway.records.length === count);
  test.match(gateway.records[0], {
    request: { host: "api.openai.com" },
    decision: { verdict: "allow", route: { kind: "AIProviderRoute", name: "models" } },
    provider: "openai",
  });
});

t.test("a rule whose only backend is missing refuses and says which", async (test) => {
  const response = await requestThrough(run, "https://api.anthropic.com/v1/messages");
  test.equal(response.status, 503);
  test.equal(response.headers["x-clrk-deny-reason"], "backend-missing");
  test.match(JSON.parse(response.text), {
    type: "error",
    error: { type: "api_error", message: /Backend default\/missing/ },
  });
});
