/** Tests of what a thread is told: all plans, and no value that it has no use for. */
import t from "tap";
import { SecretValue } from "../gateway/secret-value.ts";
import type { GatewaySnapshot } from "../gateway/snapshot.ts";
import { createPlanUpdate } from "./plan-update.ts";
import { plan } from "./testdata/playbook.ts";
import { candidate, routedRule, routingPlan } from "./testdata/routing.ts";
import {
  attemptPlan,
  backend,
  capturePlan,
  forward,
  gatewayWith,
  headerUse,
  httpRule,
  queryUse,
  resourceOf,
  signatureUse,
} from "./testdata/snapshots.ts";
import { placeholderUse, swapPlan } from "./testdata/swaps.ts";

const aws = resourceOf("aws");
const gemini = resourceOf("gemini");
const openai = resourceOf("openai");
const all = new Map(
  [
    openai,
    gemini,
    `${gemini}/below`,
    resourceOf("other"),
    aws,
    `${aws}/access_key_id`,
    `${aws}/secret_access_key`,
    `${aws}/note`,
    "otlp/default/egress/authorization",
  ].map((name) => [name, new SecretValue(`value of ${name}`)]),
);

function updateOf(...gateways: readonly GatewaySnapshot[]) {
  return createPlanUpdate({ revision: 7, gateways }, all);
}

function namesOf({ credentials }: ReturnType<typeof updateOf>) {
  return credentials.map(([name]) => name).sort();
}

const byHeader = httpRule({ action: forward({ credentials: [headerUse("openai")] }) });
const byQuery = httpRule({
  engine: plan({ id: "query" }),
  action: forward({ credentials: [queryUse("gemini")] }),
});
const signed = httpRule({
  action: forward({ credentials: [signatureUse("aws")], attempt: attemptPlan("aws") }),
});
const capture = capturePlan({ response: true });

t.test("createPlanUpdate() collects the plans of rules and of backends, each once", async (t) => {
  const [one, two, three] = [plan({ id: "1" }), plan({ id: "2" }), plan({ id: "3" })];
  const [first, second] = [attemptPlan("aws", "a1"), attemptPlan("aws", "a2")];
  const backends = [
    backend("a.example.com", { engine: two, attempt: first }),
    backend("b.example.com", { engine: one }),
  ];
  const deny = { kind: "deny", status: 403, reason: "deny-policy", message: "No" } as const;
  const gateway = gatewayWith(
    httpRule({ engine: one, action: forward({ backends }) }),
    httpRule({ action: deny }),
  );
  const other = gatewayWith(
    httpRule({ engine: three, action: forward({ attempt: second }) }),
    httpRule({ engine: one }),
  );
  const update = updateOf(gateway, other);
  t.equal(update.revision, 7);
  t.same(update.plans, [one, two, three]);
  t.same(update.attempts, [first, second]);
});

t.test("createPlanUpdate() of rules that Envoy enforces alone is empty", async (t) => {
  const update = updateOf(gatewayWith(byHeader));
  t.same(update, {
    ...{ revision: 7, plans: [], attempts: [], connections: [], swaps: [] },
    credentials: [],
  });
});

t.test("createPlanUpdate() gives swap plans once, of rules and of backends", async (t) => {
  const [rule, own] = [swapPlan({ id: "1" }), swapPlan({ id: "2" })];
  const backends = [backend("a.example.com", { swap: own })];
  const first = httpRule({ action: forward({ swap: rule, credentials: [placeholderUse()] }) });
  const second = httpRule({ action: forward({ backends, swap: rule }) });
  const update = updateOf(gatewayWith(first, second));
  t.same(update.swaps, [rule, own]);
});

t.test(
  "createPlanUpdate() gives what is taken out of answers, though Envoy injects it",
  async (t) => {
    const scrubbed = { ...headerUse("openai"), scrub: true as const };
    const action = forward({ credentials: [scrubbed] });
    t.same(namesOf(updateOf(gatewayWith(httpRule({ action }), byQuery))), [gemini, openai]);
  },
);

t.test("createPlanUpdate() gives the values that the engine writes, and no others", async (t) => {
  const update = updateOf(gatewayWith(byHeader, byQuery, signed));
  t.same(namesOf(update), [`${aws}/access_key_id`, `${aws}/secret_access_key`, gemini]);
  t.equal(new Map(update.credentials).get(gemini), `value of ${gemini}`);
});

t.test("createPlanUpdate() adds what Envoy injects where bodies are kept", async (t) => {
  const kept = httpRule({ engine: plan({ capture }) });
  t.same(namesOf(updateOf(gatewayWith(kept), gatewayWith(byHeader, byQuery))), [gemini, openai]);
});

t.test("createPlanUpdate() adds it for the capture of a backend's plan, too", async (t) => {
  const target = backend("a.example.com", {
    credentials: [headerUse("openai")],
    engine: plan({ capture }),
  });
  const rule = httpRule({ action: forward({ backends: [target] }) });
  t.same(namesOf(updateOf(gatewayWith(rule))), [openai]);
});

t.test("createPlanUpdate() leaves out a value that has not arrived", async (t) => {
  const action = forward({ credentials: [queryUse("absent")] });
  t.same(updateOf(gatewayWith(httpRule({ engine: plan(), action }))).credentials, []);
});

t.test("createPlanUpdate() adds what Envoy injects where names of MCP are recorded", async (t) => {
  const engine = plan({ mcp: { rules: [] } });
  t.same(namesOf(updateOf(gatewayWith(byHeader, httpRule({ engine })))), [openai]);
});

t.test("createPlanUpdate() is plain data that crosses threads", async (t) => {
  const update = updateOf(gatewayWith(byHeader, byQuery, signed));
  t.ok(update.plans.length > 0 && update.attempts.length > 0 && update.credentials.length > 0);
  t.same(structuredClone(update), update);
});

t.test(
  "createPlanUpdate() has injected values where only a rule of a choice keeps anything",
  async (t) => {
    const rules = [{ meters: false }, { meters: false, capture }, { meters: true }].map((changes) =>
      routedRule([candidate()], changes),
    );
    for (const [count, names] of [
      [1, []],
      [2, [openai]],
      [3, [openai]],
    ] as const) {
      const engine = plan({ routing: routingPlan(...rules.slice(0, count)) });
      t.same(namesOf(updateOf(gatewayWith(byHeader, httpRule({ engine })))), names);
    }
  },
);
