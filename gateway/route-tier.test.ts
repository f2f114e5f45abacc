/** Tests which routes count as refused, and what is said of those that refuse in part. */
import t from "tap";
import { routeTiers, tierCounts } from "./route-tier.ts";
import type { GatewaySnapshot, HttpRule } from "./snapshot.ts";
import { gatewaySnapshot, hostPolicy, httpRule, l4Rule } from "./testdata/gateway-snapshot.ts";

const native = "Envoy's own filters decide everything that the route asks for";
const policy = { kind: "EgressDenyPolicy", namespace: "default", name: "no" };
const denied = (message: string, changes: object = {}) =>
  ({ kind: "deny", status: 403, reason: "deny-policy", message, ...changes }) as const;
const hosts = (...rules: HttpRule[]) =>
  gatewaySnapshot({ hosts: [hostPolicy("a.test", ...rules), hostPolicy("b.test", ...rules)] });

const rows: readonly {
  readonly name: string;
  readonly gateways: readonly GatewaySnapshot[];
  readonly want: object | undefined;
}[] = [
  { name: "no gateway", gateways: [], want: undefined },
  {
    name: "a rule that forwards",
    gateways: [hosts(httpRule())],
    want: { name: "native", why: native },
  },
  {
    name: "a rule that denies",
    gateways: [hosts(httpRule({ action: denied("No") }))],
    want: { name: "refused", why: "No" },
  },
  {
    name: "a policy that says nothing of itself",
    gateways: [hosts(httpRule({ action: denied("Go away", { policy }) }))],
    want: { name: "refused", why: "EgressDenyPolicy default/no: Go away" },
  },
  {
    name: "a policy that names itself",
    gateways: [
      hosts(httpRule({ action: denied("Denied by EgressDenyPolicy default/no", { policy }) })),
    ],
    want: { name: "refused", why: "Denied by EgressDenyPolicy default/no" },
  },
  {
    name: "rules that deny for two reasons",
    gateways: [
      hosts(
        httpRule({ action: denied("One") }),
        httpRule({ ruleIndex: 1, action: denied("Two") }),
        httpRule({ ruleIndex: 2, action: denied("One") }),
      ),
    ],
    want: { name: "refused", why: "One; Two" },
  },
  {
    name: "one rule of two that denies",
    gateways: [hosts(httpRule(), httpRule({ ruleIndex: 1, action: denied("No") }))],
    want: { name: "native", why: `${native}; 1 of 2 rules refuses: No` },
  },
  {
    name: "a rule that denies one of its hosts",
    gateways: [
      gatewaySnapshot({
        hosts: [
          hostPolicy("a.test", httpRule()),
          hostPolicy("b.test", httpRule({ action: denied("No") })),
        ],
      }),
    ],
    want: { name: "native", why: `${native}; 1 of 1 rule refuses: No` },
  },
  {
    name: "a gateway that refuses everything",
    gateways: [{ ...hosts(httpRule()), refusal: { reason: "not-enforced", message: "All" } }],
    want: { name: "refused", why: "All" },
  },
  {
    name: "one of two gateways that refuses everything",
    gateways: [
      hosts(httpRule()),
      { ...hosts(httpRule()), refusal: { reason: "not-enforced", message: "All" } },
    ],
    want: { name: "native", why: `${native}; 1 of 1 rule refuses: All` },
  },
];

for (const { name, gateways, want } of rows) {
  t.test(`routeTiers() of ${name}`, async (t) => {
    t.same(routeTiers(gateways).get("EgressHTTPRoute default/route"), want);
  });
}

t.test("routeTiers() of connections", async (t) => {
  const tierOf = (...l4Rules: GatewaySnapshot["l4Rules"]) =>
    routeTiers([gatewaySnapshot({ l4Rules })]).get("EgressL4Route default/raw");
  t.same(tierOf(l4Rule()), { name: "native", why: native });
  t.same(tierOf(l4Rule({ verdict: "deny" })), {
    name: "refused",
    why: "its connections are refused (deny-policy)",
  });
  t.same(tierOf(l4Rule(), l4Rule({ ruleIndex: 1, verdict: "deny", reason: "not-enforced" })), {
    name: "native",
    why: `${native}; 1 of 2 rules refuses: its connections are refused (not-enforced)`,
  });
});

t.test("tierCounts() counts routes", async (t) => {
  const other = { kind: "EgressHTTPRoute", namespace: "default", name: "other" };
  const gateway = {
    ...hosts(httpRule(), httpRule({ route: other, action: denied("No") })),
    l4Rules: [l4Rule()],
  };
  t.same(tierCounts(gateway), { native: 2, refused: 1 });
  t.same(tierCounts(gatewaySnapshot()), { native: 0, refused: 0 });
});
