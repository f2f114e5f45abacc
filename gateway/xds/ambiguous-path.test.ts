/** Tests which paths count as ambiguous, where the check concerns a route, and that records say so. */
import t from "tap";
import { envoy } from "../proto/gen/xds.js";
import { secureRequest } from "../testdata/agent.ts";
import { tlsUpstream } from "../testdata/echo-upstream.ts";
import { eventually, needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import { gatewaySnapshot, hostPolicy, httpRule } from "../testdata/gateway-snapshot.ts";
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
  { path: "/v1%2fadmin", ambiguous: true },
  { path: "/v1%2Fadmin?x=1", ambiguous: true },
  { path: "/v1%5cadmin", ambiguous: true },
  { path: "/v1%5Cadmin", ambiguous: true },
  { path: "/v1%00", ambiguous: true },
  { path: "//v1", ambiguous: true },
  { path: "/v1//admin", ambiguous: true },
];

for (const { path, ambiguous } of paths) {
  t.test(`ambiguousPathFilter() ${ambiguous ? "denies" : "lets pass"} ${path}`, async (t) => {
    t.equal(isAmbiguous(path), ambiguous);
  });
}

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
