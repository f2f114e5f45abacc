/** Tests of what a thread is told: all plans, and no value that it has no use for. */
import t from "tap";
import { SecretValue } from "../gateway/secret-value.ts";
import type { GatewaySnapshot } from "../gateway/snapshot.ts";
import {
  attempt,
  backend,
  bearer,
  enginePlan,
  everythingSnapshot,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  query,
  sigv4,
} from "../gateway/testdata/gateway-snapshot.ts";
import { createPlanUpdate } from "./plan-update.ts";

const aws = "secret/default/aws/token";
const all = new Map(
  [
    "secret/default/openai/token",
    "secret/default/gemini/token",
    "secret/default/other/token",
    `${aws}/access_key_id`,
    `${aws}/secret_access_key`,
    `${aws}/note`,
    "secret/default/gemini/token/below",
    "otlp/default/egress/authorization",
  ].map((name) => [name, new SecretValue(`value of ${name}`)]),
);

const capture = {
  request: true,
  response: true,
  maxBytes: 1_024,
  contentTypes: ["application/json"],
  redactHeaders: [],
};

function updateOf(...gateways: readonly GatewaySnapshot[]) {
  return createPlanUpdate({ revision: 7, gateways }, all);
}

function namesOf({ credentials }: ReturnType<typeof updateOf>) {
  return credentials.map(([name]) => name).sort();
}

const byHeader = httpRule({ action: forward({ credentials: [bearer("openai")] }) });
const byQuery = httpRule({
  engine: enginePlan({ id: "000000000000000a" }),
  action: forward({ credentials: [query("gemini")] }),
});
const signed = httpRule({
  action: forward({ credentials: [sigv4("aws")], attempt: attempt("aws") }),
});

t.test("createPlanUpdate() collects the plans of rules and of backends, each once", async (t) => {
  const plans = ["a", "b", "c"].map((digit) => enginePlan({ id: digit.repeat(16) }));
  const [one, two, three] = plans;
  const attempts = ["1", "2"].map((digit) => ({ ...attempt("aws"), id: digit.repeat(16) }));
  const targets = [
    backend("a.example.com", {
      ...(two && { engine: two }),
      ...(attempts[0] && { attempt: attempts[0] }),
    }),
    backend("b.example.com", { ...(one && { engine: one }) }),
  ];
  const host = hostPolicy(
    "a.example.com",
    httpRule({ ...(one && { engine: one }), action: forward({ backends: targets }) }),
    httpRule({
      ...(one && { engine: one }),
      ...{ action: { kind: "deny", status: 403, reason: "deny-policy", message: "No" } },
    }),
  );
  const other = gatewaySnapshot({
    name: "other",
    hosts: [
      hostPolicy(
        "b.example.com",
        httpRule({
          ...(three && { engine: three }),
          action: forward({ ...(attempts[1] && { attempt: attempts[1] }) }),
        }),
      ),
    ],
  });
  const update = updateOf(gatewaySnapshot({ hosts: [host] }), other);
  t.equal(update.revision, 7);
  t.same(update.plans, plans);
  t.same(update.attempts, attempts);
});

t.test("createPlanUpdate() of rules that Envoy enforces alone is empty", async (t) => {
  const update = updateOf(gatewaySnapshot({ hosts: [hostPolicy("a.example.com", byHeader)] }));
  t.same(update, { revision: 7, plans: [], attempts: [], credentials: [] });
});

t.test("createPlanUpdate() gives the values that the engine writes, and no others", async (t) => {
  const hosts = [hostPolicy("a.example.com", byHeader, byQuery, signed)];
  const update = updateOf(gatewaySnapshot({ hosts }));
  t.same(namesOf(update), [
    `${aws}/access_key_id`,
    `${aws}/secret_access_key`,
    "secret/default/gemini/token",
  ]);
  t.same(
    new Map(update.credentials).get("secret/default/gemini/token"),
    "value of secret/default/gemini/token",
  );
});

t.test("createPlanUpdate() adds what Envoy injects where bodies are kept", async (t) => {
  const kept = httpRule({ engine: enginePlan({ capture }), action: forward() });
  const hosts = [hostPolicy("a.example.com", kept)];
  const injecting = gatewaySnapshot({
    name: "other",
    hosts: [hostPolicy("b.example.com", byHeader, byQuery)],
  });
  t.same(namesOf(updateOf(gatewaySnapshot({ hosts }), injecting)), [
    "secret/default/gemini/token",
    "secret/default/openai/token",
  ]);
});

t.test("createPlanUpdate() adds it for the capture of a backend's plan, too", async (t) => {
  const target = backend("a.example.com", {
    credentials: [bearer("openai")],
    engine: enginePlan({ capture }),
  });
  const rule = httpRule({ action: forward({ backends: [target] }) });
  const update = updateOf(gatewaySnapshot({ hosts: [hostPolicy("a.example.com", rule)] }));
  t.same(namesOf(update), ["secret/default/openai/token"]);
});

t.test("createPlanUpdate() leaves out a value that has not arrived", async (t) => {
  const rule = httpRule({
    engine: enginePlan(),
    action: forward({ credentials: [query("absent")] }),
  });
  const update = updateOf(gatewaySnapshot({ hosts: [hostPolicy("a.example.com", rule)] }));
  t.same(update.credentials, []);
});

t.test("createPlanUpdate() is plain data that crosses threads", async (t) => {
  const update = updateOf(everythingSnapshot());
  t.ok(update.attempts.length > 0);
  t.same(structuredClone(update), update);
});
