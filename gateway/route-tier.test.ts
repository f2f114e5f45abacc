/** Tests which routes need the engine or count as refused, and what is said of those that refuse in part. */
import t from "tap";
import { formatTierCounts, routeTiers, tierCounts } from "./route-tier.ts";
import type { GatewaySnapshot, HttpRule } from "./snapshot.ts";
import {
  attempt,
  backend,
  enginePlan,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  l4Rule,
} from "./testdata/gateway-snapshot.ts";

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
    name: "a rule with a plan",
    gateways: [hosts(httpRule({ engine: enginePlan() }))],
    want: { name: "engine", why: "The engine reads tokens of openai calls" },
  },
  {
    name: "one rule of two with a plan, for two reasons",
    gateways: [
      hosts(
        httpRule(),
        httpRule({ ruleIndex: 1, engine: enginePlan({ why: ["keeps bodies", "reads tokens"] }) }),
      ),
    ],
    want: { name: "engine", why: "The engine keeps bodies, reads tokens" },
  },
  {
    name: "plans with one reason on several hosts",
    gateways: [
      gatewaySnapshot({
        hosts: [
          hostPolicy("a.test", httpRule()),
          hostPolicy("b.test", httpRule({ engine: enginePlan({ why: ["one", "two"] }) })),
          hostPolicy("c.test", httpRule({ engine: enginePlan({ why: ["two", "three"] }) })),
        ],
      }),
    ],
    want: { name: "engine", why: "The engine one, two, three" },
  },
  {
    name: "a rule whose attempts are signed",
    gateways: [hosts(httpRule({ action: forward({ attempt: attempt("aws") }) }))],
    want: { name: "engine", why: "The engine signs requests for AWS" },
  },
  {
    name: "backends with plans of their own",
    gateways: [
      hosts(
        httpRule({
          action: forward({
            backends: [
              backend("c.test", { engine: enginePlan({ why: ["puts a credential"] }) }),
              backend("d.test", { attempt: attempt("aws") }),
            ],
          }),
        }),
      ),
    ],
    want: { name: "engine", why: "The engine puts a credential, signs requests for AWS" },
  },
  {
    name: "one rule with a plan and one that denies",
    gateways: [
      hosts(httpRule({ engine: enginePlan() }), httpRule({ ruleIndex: 1, action: denied("No") })),
    ],
    want: {
      name: "engine",
      why: "The engine reads tokens of openai calls; 1 of 2 rules refuses: No",
    },
  },
  {
    name: "a plan on a gateway that refuses everything",
    gateways: [
      {
        ...hosts(httpRule({ engine: enginePlan() })),
        refusal: { reason: "not-enforced", message: "All" },
      },
    ],
    want: { name: "refused", why: "All" },
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
    ...hosts(
      httpRule(),
      httpRule({ route: other, action: denied("No") }),
      httpRule({ route: { ...other, name: "metered" }, engine: enginePlan() }),
    ),
    l4Rules: [l4Rule()],
  };
  t.same(tierCounts(gateway), { native: 2, engine: 1, refused: 1 });
  t.same(tierCounts(gatewaySnapshot()), { native: 0, engine: 0, refused: 0 });
});

t.test("formatTierCounts() leaves out what there is none of", async (t) => {
  t.equal(formatTierCounts({ native: 2, engine: 1, refused: 0 }), "2 native, 1 engine");
  t.equal(formatTierCounts({ native: 0, engine: 0, refused: 3 }), "3 refused");
  t.equal(formatTierCounts({ native: 0, engine: 0, refused: 0 }), "");
});
