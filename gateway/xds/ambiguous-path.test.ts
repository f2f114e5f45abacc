/** Tests which paths count as ambiguous, where the check concerns a route, and that records say so. */
import t from "tap";
import { envoy } from "../proto/gen/xds.js";
import { plainRequest, secureRequest } from "../testdata/agent.ts";
import { plainUpstream, tlsUpstream } from "../testdata/echo-upstream.ts";
import { eventually, needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import { gatewaySnapshot, hostPolicy, httpRule } from "../testdata/gateway-snapshot.ts";
import type { HttpRule } from "../snapshot.ts";
import { ambiguousPathFilter, ambiguousPathPolicy, pathRuleMetadata } from "./ambiguous-path.ts";

const { RBAC } = envoy.extensions.filters.http.rbac.v3;

function isAmbiguous(path: string): boolean {
  const { rules } = RBAC.decode(ambiguousPathFilter().typedConfig.value);
  const [permission] = rules?.policies[ambiguousPathPolicy]?.permissions ?? [];
  const regex = permission?.andRules?.rules[1]?.header?.stringMatch?.safeRegex?.regex ?? "";
  return new RegExp(`^(?:${regex})$`).test(path);
}

const paths: readonly { readonly path: string; readonly ambiguous: boolean }[] = [
  { path: "/v1", ambiguous: false },
  { path: "/v1/a%20b", ambiguous: false },
  { path: "/v1?next=%2fadmin", ambiguous: false },
  { path: "/v1?u=https://a//b", ambiguous: false },
  { path: "/v1?%5c%00", ambiguous: false },
  { path: "/v1/a%25", ambiguous: false },
  { path: "/v1/a%25zz?x=%252f;y", ambiguous: false },
  { path: "/v1/caf%c3%a9", ambiguous: false },
  { path: "/v1/models/m:generate", ambiguous: false },
  { path: "/?", ambiguous: false },
  { path: "*", ambiguous: false },
  { path: "//", ambiguous: true },
  { path: "/v1//?x", ambiguous: true },
  { path: "/v1/%2e%2e%2fx", ambiguous: true },
  { path: "/v1%2fadmin", ambiguous: true },
  { path: "/v1%2Fadmin?x=1", ambiguous: true },
  { path: "/v1%5cadmin", ambiguous: true },
  { path: "/v1%5Cadmin", ambiguous: true },
  { path: "/v1%00", ambiguous: true },
  { path: "//v1", ambiguous: true },
  { path: "/v1//admin", ambiguous: true },
  { path: "/v1/a%252fb", ambiguous: true },
  { path: "/v1/%252e%252e/admin", ambiguous: true },
  { path: "/v1/%2561dmin", ambiguous: true },
  { path: "/v1/..;/admin", ambiguous: true },
  { path: "/v1/..;x=1/admin", ambiguous: true },
  { path: "/v1;x", ambiguous: true },
  { path: "/v1/..%3b/admin", ambiguous: true },
  { path: "/v1/%c0%ae%c0%ae/admin", ambiguous: true },
  { path: "/v1/..%C1%9cadmin", ambiguous: true },
  { path: "/v1/%u002e%u002e/admin", ambiguous: true },
];

for (const { path, ambiguous } of paths) {
  t.test(`ambiguousPathFilter() ${ambiguous ? "denies" : "lets pass"} ${path}`, async (t) => {
    t.equal(isAmbiguous(path), ambiguous);
  });
}

t.test("ambiguousPathFilter() denies, and looks at the route before the path", async (t) => {
  const { rules } = RBAC.decode(ambiguousPathFilter().typedConfig.value);
  t.equal(rules?.action, envoy.config.rbac.v3.RBAC.Action.DENY);
  t.same(Object.keys(rules?.policies ?? {}), [ambiguousPathPolicy]);
  const [permission, ...others] = rules?.policies[ambiguousPathPolicy]?.permissions ?? [];
  t.same(others, []);
  const [first, second] = permission?.andRules?.rules ?? [];
  t.equal(
    first?.sourcedMetadata?.metadataSource,
    envoy.config.rbac.v3.MetadataSource.ROUTE,
    "what an agent sends cannot be in it",
  );
  t.equal(second?.header?.name, ":path");
});

t.test("pathRuleMetadata() is what the filter looks for", async (t) => {
  const { rules } = RBAC.decode(ambiguousPathFilter().typedConfig.value);
  const [permission] = rules?.policies[ambiguousPathPolicy]?.permissions ?? [];
  const matcher = permission?.andRules?.rules[0]?.sourcedMetadata?.metadataMatcher;
  const struct = pathRuleMetadata().filterMetadata?.[matcher?.filter ?? ""];
  t.equal(struct?.fields?.[matcher?.path[0]?.key ?? ""]?.boolValue, true);
});

t.test(
  "an ambiguous path is refused only where a path rule stands, and recorded as that",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    const match = { path: { kind: "prefix", value: "/v1" } } as const;
    await rig.publish(
      gatewaySnapshot({
        hosts: [
          { ...hostPolicy("path.example.com", httpRule({ match })), alias },
          { ...hostPolicy("open.example.com", httpRule()), alias },
        ],
      }),
    );
    const path = "/v1/projects%2Fname//x";
    const refused = await secureRequest(rig, "path.example.com", { path });
    t.match(refused, { status: 403, json: { error: { code: "clrk_ambiguous_path" } } });
    t.equal((await secureRequest(rig, "open.example.com", { path })).status, 200);
    t.same(
      upstream.seen.map(({ url }) => url),
      [path],
    );
    const record = await eventually(() => rig.records[0]);
    t.match(record.decision, { verdict: "deny", reason: "ambiguous-path" });
  },
);

const path = { kind: "prefix", value: "/v1" } as const;
const deny = { kind: "deny", status: 451, reason: "deny-policy", message: "Not here" } as const;

/** Hosts with a path rule, of every kind and at every place. */
const concerned: readonly { readonly host: string; readonly rules: readonly HttpRule[] }[] = [
  { host: "prefix.example.com", rules: [httpRule({ match: { path } })] },
  {
    host: "later.example.com",
    rules: [httpRule({ match: { path } }), httpRule({ ruleIndex: 1 })],
  },
  {
    host: "earlier.example.com",
    rules: [httpRule(), httpRule({ ruleIndex: 1, match: { path } })],
  },
  {
    host: "regex.example.com",
    rules: [httpRule({ match: { path: { kind: "regex", value: "/.*" } } })],
  },
  {
    host: "denied.example.com",
    rules: [httpRule({ match: { path }, action: deny }), httpRule({ ruleIndex: 1 })],
  },
  { host: "*.wild.example.com", rules: [httpRule({ match: { path } }), httpRule()] },
];

const refusedPaths = [
  "/v1/%2e%2e%2fx",
  "/v1/..%2Fx",
  "/v1//x",
  "/v1//?x=1",
  "/v1/..%5cx",
  "/v1/..%5Cx",
  "/v1/%2f",
  "/v1/a/%2e%2e//x",
];

const isRefused = { status: 403, headers: { "x-clrk-deny-reason": "ambiguous-path" } };

t.test(
  "an ambiguous path is refused on every host with a path rule, whatever rule it fits",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    const hosts = concerned.map(({ host, rules }) => ({ ...hostPolicy(host, ...rules), alias }));
    await rig.publish(gatewaySnapshot({ hosts }));
    for (const { host } of concerned) {
      for (const target of refusedPaths) {
        const reply = await secureRequest(rig, host.replace("*", "a"), { path: target });
        t.match(reply, isRefused, `${host} ${target}: ${reply.status}`);
      }
    }
    // None but the later rule, without a path, would match these.
    for (const target of ["//", "//v1", "/%2f", "/x%5cy", "/other//v1"]) {
      const reply = await secureRequest(rig, "later.example.com", { path: target });
      t.match(reply, isRefused, target);
    }
    t.equal(upstream.seen.length, 0);
    t.match(await secureRequest(rig, "denied.example.com", { path: "/v1/a?%2f" }), { status: 451 });
  },
);

t.test(
  "an ambiguous path is refused where the default allows what a path rule denies",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    const admin = httpRule({ match: { path: { kind: "prefix", value: "/admin" } }, action: deny });
    await rig.publish(
      gatewaySnapshot({
        defaultPolicy: "allow-all",
        hosts: [
          { ...hostPolicy("a.example.com", admin), alias },
          { ...hostPolicy("b.example.com"), alias },
        ],
      }),
    );
    t.equal((await secureRequest(rig, "a.example.com", { path: "/admin" })).status, 451);
    for (const target of ["//admin", "/x/..%2fadmin", "/%5cadmin"]) {
      t.match(await secureRequest(rig, "a.example.com", { path: target }), isRefused, target);
      t.equal((await secureRequest(rig, "b.example.com", { path: target })).status, 200, target);
    }
    t.same(
      upstream.seen.map(({ headers }) => headers["host"]),
      ["b.example.com", "b.example.com", "b.example.com"],
    );
  },
);

t.test(
  "a query is nobody's path, and a NUL in a path is refused anywhere",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    await rig.publish(
      gatewaySnapshot({
        hosts: [
          { ...hostPolicy("path.example.com", httpRule({ match: { path } })), alias },
          { ...hostPolicy("open.example.com", httpRule()), alias },
        ],
      }),
    );
    const queries = ["/v1?u=https://a//b", "/v1/a?x=%2f%5c%00", "/v1/?..%2f..//"];
    for (const target of queries) {
      t.equal((await secureRequest(rig, "path.example.com", { path: target })).status, 200, target);
    }
    t.same(
      upstream.seen.map(({ url }) => url),
      queries,
    );
    for (const host of ["path.example.com", "open.example.com"]) {
      // Envoy normalises no such path.
      t.equal((await secureRequest(rig, host, { path: "/v1/%00" })).status, 400, host);
    }
    t.equal(upstream.seen.length, queries.length);
  },
);

t.test("an ambiguous path is refused on plain HTTP, too", needsEnvoy, async (t) => {
  const [rig, upstream] = [await startRig(t), await plainUpstream(t)];
  const alias = { address: "127.0.0.1", port: upstream.port };
  const hosts = [
    { ...hostPolicy("path.example.com", httpRule({ match: { path } }), httpRule()), alias },
    { ...hostPolicy("open.example.com", httpRule()), alias },
  ];
  await rig.publish(gatewaySnapshot({ hosts }));
  const target = { path: "/a//b%2fc" };
  t.match(await plainRequest(rig, "path.example.com", target), isRefused);
  t.equal((await plainRequest(rig, "open.example.com", target)).status, 200);
  t.same(
    upstream.seen.map(({ url }) => url),
    [target.path],
  );
});

const shapes = [
  { host: "api.openai.com", want: { error: { code: "clrk_ambiguous_path", param: null } } },
  {
    host: "api.anthropic.com",
    want: { type: "error", error: { type: "permission_error", message: /two slashes in a row/ } },
  },
  { host: "a.example.com", want: { message: /: send the path without them$/ } },
] as const;

t.test("an ambiguous path is refused in the shape of the caller's SDK", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  const hosts = shapes.map(({ host }) => hostPolicy(host, httpRule({ match: { path } })));
  await rig.publish(gatewaySnapshot({ hosts }));
  for (const { host, want } of shapes) {
    const reply = await secureRequest(rig, host, { method: "POST", path: "/v1//messages" });
    t.match(reply, { ...isRefused, json: want }, `${host}: ${reply.text}`);
    t.equal(reply.headers["content-type"], "application/json");
  }
});
