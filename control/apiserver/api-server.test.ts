/** Tests of the server as a whole, over HTTPS: who is let in, what goes in and out, what is refused and how. */
import t from "tap";
import type { ApiPage } from "./api-context.ts";
import { policies, policy, startApi } from "./testdata/api-rig.ts";

t.test("only health and version are open to everybody", async (t) => {
  const api = await startApi(t);
  for (const path of ["/livez", "/readyz", "/healthz"]) {
    t.equal((await api.send("GET", path, { token: null })).text, "ok", path);
  }
  const version = await api.send("GET", "/version", { token: null });
  t.match(version.body, { major: "1", gitVersion: /^v1\.36\.0\+clrk-/ });
  for (const path of ["/api", "/apis", "/openapi/v3", "/", policies, "/nothing"]) {
    for (const token of [null, "wrong", "admin-token2", ""]) {
      const { status, body } = await api.send("GET", path, { token });
      t.equal(status, 401, `${path} with ${token}`);
      t.match(body, { kind: "Status", status: "Failure", reason: "Unauthorized", code: 401 });
    }
  }
  const basic = { authorization: "Basic YWRtaW4tdG9rZW4=" };
  t.equal((await api.send("GET", policies, { token: null, headers: basic })).status, 401);
});

t.test("a host that is not this server is refused", async (t) => {
  const api = await startApi(t);
  const { port } = api.server;
  for (const host of ["attacker.example", `attacker.example:${port}`, "127.0.0.1:1", "127.0.0.1"]) {
    t.equal((await api.send("GET", "/version", { headers: { host } })).status, 403, host);
  }
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
    t.equal((await api.send("GET", "/version", { headers: { host } })).status, 200, host);
  }
});

t.test("a viewer reads what is no secret, and a refusal never poses as an absence", async (t) => {
  const api = await startApi(t);
  const token = "viewer-token";
  await api.send("POST", policies, { body: policy("a") });
  t.equal((await api.send("GET", `${policies}/a`, { token })).status, 200);
  t.equal((await api.send("GET", policies, { token })).status, 200);
  t.equal((await api.send("GET", `${policies}/none`, { token })).status, 404);
  const secrets = "/api/v1/namespaces/default/secrets";
  for (const path of [secrets, `${secrets}/none`, "/api/v1/secrets", `${secrets}?watch=1`]) {
    const { status, body } = await api.send("GET", path, { token });
    t.equal(status, 403, path);
    t.match(
      body.message,
      /is forbidden: User "viewer" cannot \w+ resource "secrets" in API group ""/,
    );
  }
  for (const [method, path] of [
    ["POST", policies],
    ["PUT", `${policies}/a`],
    ["PATCH", `${policies}/a`],
    ["DELETE", `${policies}/a`],
    ["DELETE", policies],
    ["PUT", `${policies}/a/status`],
  ] as const) {
    t.equal((await api.send(method, path, { token, body: policy("a") })).status, 403, method);
  }
  t.equal((await api.send("GET", `${policies}/a`)).status, 200);
});

t.test("bodies are bounded, and nothing of one is in an answer", async (t) => {
  const api = await startApi(t);
  const large = await api.send("POST", policies, { raw: "x".repeat(3 * 1024 ** 2 + 1) });
  t.match(large, { status: 413, body: { reason: "RequestEntityTooLarge" } });
  const broken = await api.send("POST", policies, { raw: '{"secret": hunter2' });
  t.match(broken, { status: 400, body: { reason: "BadRequest" } });
  t.notMatch(broken.text, /hunter2/);
  const deep = await api.send("POST", policies, { raw: "[".repeat(5000) + "]".repeat(5000) });
  t.equal(deep.status, 400);
  const type = "text/html";
  t.match(await api.send("POST", policies, { raw: "a", type }), {
    status: 415,
    body: { reason: "UnsupportedMediaType" },
  });
  const encoded = await api.send("POST", policies, {
    raw: "a",
    headers: { "content-encoding": "gzip" },
  });
  t.equal(encoded.status, 415);
});

t.test("YAML goes in and out", async (t) => {
  const api = await startApi(t);
  const raw = [
    "apiVersion: clrk.apoxy.dev/v1alpha1",
    "kind: RateLimitPolicy",
    "metadata: {name: a}",
    "spec: {requests: 3, window: 1m}",
  ].join("\n");
  const made = await api.send("POST", policies, { raw, type: "application/yaml" });
  t.match(made, { status: 201, body: { spec: { requests: 3 } } });
  const read = await api.send("GET", `${policies}/a`, { accept: "application/yaml" });
  t.equal(read.headers["content-type"], "application/yaml");
  t.match(read.text, /^apiVersion: clrk\.apoxy\.dev\/v1alpha1$/m);
  const twice = await api.send("POST", policies, {
    raw: `${raw}\nkind: Other`,
    type: "application/yaml",
  });
  t.equal(twice.status, 400, "a key that stands twice");
});

t.test("what stands in a YAML answer is bounded: a longer one is JSON", async (t) => {
  const api = await startApi(t);
  const configMaps = "/api/v1/namespaces/default/configmaps";
  for (const name of ["a", "b"]) {
    const data = { text: "x".repeat(600_000) };
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
    t.equal((await api.send("POST", configMaps, { body })).status, 201);
  }
  const accept = "application/yaml";
  const one = await api.send("GET", `${configMaps}/a`, { accept });
  t.equal(one.headers["content-type"], "application/yaml");
  const both = await api.send("GET", configMaps, { accept });
  t.equal(both.headers["content-type"], "application/json");
  t.equal(both.body.items.length, 2);
});

t.test("large answers are compressed for who takes that", async (t) => {
  const api = await startApi(t);
  const configMaps = "/api/v1/namespaces/default/configmaps";
  const body = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "large" },
    data: { text: "x".repeat(200_000) },
  };
  await api.send("POST", configMaps, { body });
  const headers = { "accept-encoding": "gzip" };
  const packed = await api.send("GET", `${configMaps}/large`, { headers });
  t.equal(packed.headers["content-encoding"], "gzip");
  t.ok(Number(packed.headers["content-length"]) < 10_000);
  const plain = await api.send("GET", `${configMaps}/large`, {
    headers: { "accept-encoding": "gzip;q=0" },
  });
  t.equal(plain.headers["content-encoding"], undefined);
});

t.test("paths and methods that are not served have Kubernetes' answers", async (t) => {
  const api = await startApi(t);
  const group = "/apis/clrk.apoxy.dev/v1alpha1";
  for (const [method, path, status] of [
    ["GET", "/apis/clrk.apoxy.dev/v1/namespaces/default/backends", 404],
    ["GET", `${group}/namespaces/default/nothings`, 404],
    ["GET", `${group}/namespaces/default/backends/a/scale`, 404],
    ["GET", `${group}/namespaces/default/backends/a/b/c`, 404],
    ["POST", `${group}/backends`, 405],
    ["POST", `${policies}/a`, 405],
    ["DELETE", `${group}/ratelimitpolicies`, 405],
    ["DELETE", "/version/x", 405],
    ["GET", `${policies}/a%2Fb`, 400],
    ["GET", `${policies}/%zz`, 400],
    ["OPTIONS", policies, 400],
  ] as const) {
    const answer = await api.send(method, path);
    t.equal(answer.status, status, `${method} ${path}`);
    t.match(answer.body, { kind: "Status", apiVersion: "v1", code: status });
  }
});

t.test("an address that others reach is refused", async (t) => {
  const { openApiServer } = await import("./api-server.ts");
  const options = { address: "0.0.0.0", port: 0 } as Parameters<typeof openApiServer>[0];
  await t.rejects(openApiServer(options), { code: "CLRK_INVALID_ARGUMENT", message: /loopback/ });
});

t.test("calls that bound themselves take no place of requests in flight", async (t) => {
  const ends: (() => void)[] = [];
  const { promise: full, resolve: onFull } = Promise.withResolvers<void>();
  const calls = 420;
  const api = await startApi(t, {
    connected: [
      {
        ...{
          group: "clrk.apoxy.dev",
          version: "v1alpha1",
          plural: "processes",
          subresource: "run",
        },
        ...{ kind: "Process", namespaced: true, needsObject: false, verbs: ["create"] },
        boundsItself: true,
        answer: async () => {
          await new Promise<void>((resolve) => {
            if (ends.push(resolve) === calls) onFull();
          });
          return { status: 200, body: "{}" };
        },
      },
    ],
  });
  const path = "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default/processes/a/run";
  const running = Array.from({ length: calls }, () => api.send("POST", path));
  const refused = Promise.any(
    running.map((one) => one.then(({ status }) => (status === 429 ? status : Promise.reject()))),
  );
  await Promise.race([full, refused]);
  t.equal(ends.length, calls);
  t.equal((await api.send("GET", policies, { token: "viewer-token" })).status, 200);
  for (const end of ends) end();
  t.same(new Set((await Promise.all(running)).map(({ status }) => status)), new Set([200]));
});

t.test("close() ends watches and lets nothing hang", async (t) => {
  const api = await startApi(t);
  const watch = await api.watch(`${policies}?watch=1`);
  await api.server.close();
  await watch.ended;
  t.equal(api.server.watches.running, 0);
  await t.rejects(api.send("GET", "/version"));
});

t.test("no header is dropped unseen, however many there are", async (t) => {
  const api = await startApi(t, {
    connected: [
      {
        ...{ group: "clrk.apoxy.dev", version: "v1alpha1", plural: "seen", subresource: "" },
        ...{ kind: "Seen", namespaced: false, verbs: ["list"], needsObject: false },
        answer: async ({ request }) => ({
          status: 200,
          body: JSON.stringify(request.headersDistinct["x-user"] ?? []),
        }),
      },
    ],
  });
  const others = Array.from({ length: 1_100 }, (_, at) => [`h${at}`, "1"] as const);
  const headers = { ...Object.fromEntries(others), "x-user": "of the proxy in front" };
  const { body } = await api.send("GET", "/apis/clrk.apoxy.dev/v1alpha1/seen", { headers });
  t.same(body, ["of the proxy in front"]);
});

t.test("a viewer is not told that it may read all that is below an object", async (t) => {
  const api = await startApi(t);
  const ask = async (subresource: string) => {
    const { body } = await api.send(
      "POST",
      "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      {
        token: "viewer-token",
        body: {
          ...{ apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview" },
          spec: {
            resourceAttributes: {
              ...{ verb: "get", group: "clrk.apoxy.dev", resource: "taskagents" },
              ...{ namespace: "default", name: "bot", subresource },
            },
          },
        },
      },
    );
    return body.status.allowed;
  };
  t.equal(await ask("status"), true);
  t.equal(await ask("logs"), false);
  t.equal(await ask("*"), false);
});

t.test(
  "pages are for every known caller to GET, and are told what the server counts",
  async (t) => {
    const page: ApiPage = {
      path: "/metrics",
      answer: async (_, { watches, requests, objects }) => ({
        ...{ status: 200, contentType: "text/plain" },
        body: JSON.stringify([watches.running, requests.list(), objects()]),
      }),
    };
    const api = await startApi(t, { pages: [page] });
    t.equal((await api.send("GET", "/metrics", { token: null })).status, 401);
    t.equal((await api.send("POST", "/metrics", { body: {} })).status, 405);
    t.equal((await api.send("GET", "/metrics/below")).status, 404);
    await api.send("POST", policies, { body: policy("a") });
    const { status, text } = await api.send("GET", "/metrics", { token: "viewer-token" });
    t.equal(status, 200);
    const [watches, requests, objects] = JSON.parse(text);
    t.equal(watches, 0);
    t.same(requests, [
      { method: "GET", code: 401, count: 1 },
      { method: "GET", code: 404, count: 1 },
      { method: "POST", code: 201, count: 1 },
      { method: "POST", code: 405, count: 1 },
    ]);
    t.match(
      objects.find(({ resource }: { resource: string }) =>
        resource.startsWith("ratelimitpolicies"),
      ),
      { count: 1 },
    );
    t.match((await api.send("GET", "/")).body.paths, ["/api", "/apis", "/livez", "/metrics"]);
  },
);
