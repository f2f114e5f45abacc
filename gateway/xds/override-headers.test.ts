/** Tests which headers are taken out where a rule decided by method or path, and that Envoy does it. */
import t from "tap";
import { secureRequest } from "../testdata/agent.ts";
import { tlsUpstream } from "../testdata/echo-upstream.ts";
import { needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import { gatewaySnapshot, hostPolicy, httpRule } from "../testdata/gateway-snapshot.ts";
import { overrideHeaders } from "./override-headers.ts";

t.test("overrideHeaders() names what concerns the rules, and nothing else", async (t) => {
  t.same(overrideHeaders({ method: false, path: false }), []);
  const method = overrideHeaders({ method: true, path: false });
  t.ok(method.includes("x-http-method-override"));
  t.notOk(method.includes("x-original-url"));
  const path = overrideHeaders({ method: false, path: true });
  t.ok(path.includes("x-rewrite-url"));
  t.notOk(path.includes("x-http-method"));
});

t.test("overrideHeaders() knows every spelling with underscores, each once", async (t) => {
  const names = overrideHeaders({ method: true, path: true });
  for (const name of ["x_http_method_override", "x-http_method-override", "x_original-url"]) {
    t.ok(names.includes(name), name);
  }
  t.equal(new Set(names).size, names.length);
});

t.test("headers that override pass only where no rule decided by them", needsEnvoy, async (t) => {
  const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
  const alias = { address: "127.0.0.1", port: upstream.port };
  const path = { kind: "prefix", value: "/" } as const;
  const hosts = [
    hostPolicy("method.example.com", httpRule({ match: { method: "GET" } })),
    hostPolicy("path.example.com", httpRule({ match: { path } })),
    hostPolicy("open.example.com", httpRule({})),
  ].map((policy) => ({ ...policy, alias }));
  await rig.publish(gatewaySnapshot({ hosts }));
  const headers = {
    "x-http-method-override": "DELETE",
    X_HTTP_Method: "DELETE",
    "x-original-url": "/other",
  };
  for (const { host } of hosts) {
    const reply = await secureRequest(rig, host.value, { path: "/", headers });
    t.equal(reply.status, 200, host.value);
  }
  const seen = upstream.seen.map((request) =>
    Object.keys(request.headers).filter((name) => /method|original/.test(name)),
  );
  t.same(seen, [
    ["x-original-url"],
    ["x-http-method-override", "x_http_method"],
    ["x-http-method-override", "x_http_method", "x-original-url"],
  ]);
});
