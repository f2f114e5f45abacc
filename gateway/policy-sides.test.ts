/** Tests which two policies one Envoy can serve. */
import t from "tap";
import type { CompileResult } from "./compile.ts";
import { findSideConflict } from "./policy-sides.ts";
import { SecretValue } from "./secret-value.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import { gatewaySnapshot, hostPolicy, httpRule } from "./testdata/gateway-snapshot.ts";

function compiled(
  gateways: readonly GatewaySnapshot[],
  values: Readonly<Record<string, string>> = {},
): CompileResult {
  const credentials = new Map(
    Object.entries(values).map(([name, value]) => [name, new SecretValue(value)] as const),
  );
  return { snapshot: { revision: 1, gateways }, credentials, mints: new Map(), statuses: [] };
}

const rules = { hosts: [hostPolicy("a.example.com", httpRule())] };

t.test("findSideConflict() finds none where rules differ", async (t) => {
  const [old, tried] = [
    gatewaySnapshot(),
    gatewaySnapshot({ ...rules, defaultPolicy: "allow-all" }),
  ];
  t.equal(findSideConflict(compiled([old]), compiled([tried])), undefined);
  t.equal(
    findSideConflict(compiled([old], { a: "1" }), compiled([tried], { a: "1", b: "2" })),
    undefined,
  );
});

const conflicts = [
  {
    name: "ceilings, which count in one place",
    tried: gatewaySnapshot({ maxConcurrentRequests: 7 }),
    want: "EgressGateway default/egress differs in maxConcurrentRequests, which all of its agents share",
  },
  {
    name: "how upstreams are reached",
    tried: gatewaySnapshot({
      upstream: { lookupFamily: "V6Only", additionalTrustPem: "", guardedRanges: [] },
    }),
    want: "EgressGateway default/egress differs in upstream, which all of its agents share",
  },
  {
    name: "listeners",
    tried: gatewaySnapshot({ listeners: [] }),
    want: "EgressGateway default/egress differs in listeners, which all of its agents share",
  },
  {
    name: "another gateway",
    tried: gatewaySnapshot({ name: "other" }),
    want: "EgressGateway default/egress is missing",
  },
];

for (const { name, tried, want } of conflicts) {
  t.test(`findSideConflict() refuses ${name}`, async (t) => {
    t.equal(findSideConflict(compiled([gatewaySnapshot()]), compiled([tried])), want);
  });
}

t.test("findSideConflict() refuses another rate of a limit that both sides count", async (t) => {
  const limited = (requests: number) => {
    const policy = { namespace: "default", name: "slow" };
    const limit = { policy, requests, windowMs: 60_000, scope: "PerRoute" } as const;
    const host = hostPolicy("a.test", httpRule());
    const rules = host.rules.map((rule) => ({ ...rule, limits: [limit] }));
    return compiled([{ ...gatewaySnapshot(), hosts: [{ ...host, rules }] }]);
  };
  t.equal(findSideConflict(limited(5), limited(5)), undefined);
  t.match(findSideConflict(limited(5), limited(9)), /RateLimitPolicy default\/slow/);
});

t.test("findSideConflict() refuses a gateway that is new", async (t) => {
  const added = [gatewaySnapshot(), gatewaySnapshot({ name: "other" })];
  t.equal(
    findSideConflict(compiled([gatewaySnapshot()]), compiled(added)),
    "EgressGateway default/other is new",
  );
});

t.test(
  "findSideConflict() refuses another value of a credential, and never shows one",
  async (t) => {
    const gateways = [gatewaySnapshot()];
    const message = findSideConflict(
      compiled(gateways, { "secret/default/key/token": "one" }),
      compiled(gateways, { "secret/default/key/token": "two" }),
    );
    t.equal(message, 'credential "secret/default/key/token" has another value');
  },
);
