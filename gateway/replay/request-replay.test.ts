/** Tests of requests for which the engine chooses, with what the engine says made up. */
import t from "tap";
import { compile } from "../compile.ts";
import { parseManifests } from "../manifests.ts";
import type { EgressRecord } from "../record.ts";
import type { ChooseRecorded, RecordedCall, ReplayedChoice } from "../replay.ts";
import { GatewayReplay } from "../replay.ts";
import type { RoutedRule } from "../routing-plan.ts";
import { engineRecord } from "../testdata/egress-record.ts";

const apiVersion = "clrk.apoxy.dev/v1alpha1";
const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress" }];
const backendRefs = ["one", "two"].map((name) => ({
  group: "clrk.apoxy.dev",
  kind: "Backend",
  name,
}));
const secret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "key" },
  stringData: { token: "v" },
};

function manifest(kind: string, name: string, spec: object) {
  return { apiVersion, kind, metadata: { name }, spec };
}

function backend(name: string) {
  return manifest("Backend", name, {
    schema: { name: "openai" },
    upstream: { host: `${name}.test` },
  });
}

const models = (more: object = {}) =>
  manifest("AIProviderRoute", "models", {
    parentRefs,
    rules: [{ matches: [{ provider: "openai", models: ["gpt-*"] }], backendRefs }],
    ...more,
  });
const injected = manifest("CredentialInjectionPolicy", "key", {
  targetRefs: [
    { group: "clrk.apoxy.dev", kind: "AIProviderRoute", name: "models", sectionName: "one" },
  ],
  secretRef: { name: "key" },
  target: "Header",
  headerName: "X-Key",
});
const web = manifest("EgressHTTPRoute", "web", {
  parentRefs,
  hostnames: ["api.openai.com"],
  rules: [{}],
});

function replayOf(objects: readonly object[], choose: ChooseRecorded): GatewayReplay {
  const listeners = [{ name: "tls", protocol: "TLS", tls: { mode: "Terminate" } }];
  const all = [
    manifest("EgressGateway", "egress", { listeners, explicitProxy: {} }),
    ...[backend("one"), backend("two"), secret],
    ...objects,
  ];
  const reading = parseManifests(
    "test",
    JSON.stringify({ apiVersion: "v1", kind: "List", items: all }),
  );
  if (reading.problems.length > 0) throw new Error(JSON.stringify(reading.problems));
  const { snapshot } = compile({
    objects: reading.objects.map(({ object }) => object),
    revision: 1,
    environment: { ownAddresses: [] },
  });
  const [gateway] = snapshot.gateways;
  if (gateway === undefined) throw new Error("No gateway");
  return new GatewayReplay(gateway, choose);
}

const { request } = engineRecord();
const call: EgressRecord = engineRecord({ request: { ...request, authority: "api.openai.com" } });

/** Serves by all candidates of the first rule. */
const serve: ChooseRecorded = ({ routing }) => {
  const [rule] = routing?.rules ?? [];
  if (rule === undefined) return { kind: "next" };
  return { kind: "serve", rule, ways: waysOf(rule) };
};

function waysOf(rule: RoutedRule) {
  return rule.candidates.map((candidate) => ({ candidate, provider: "openai", model: "gpt-5" }));
}

t.test("a call may be served by each of its backends, with the credential of each", async (t) => {
  const outcome = replayOf([models(), injected], serve).decide(call);
  t.match(outcome, {
    verdict: "allow",
    tier: "engine",
    route: { kind: "AIProviderRoute", name: "models", rule: 0 },
    credentials: [{ name: "Secret default/key", place: "x-key" }],
    destinations: [
      { backend: "Backend default/one", provider: "openai", model: "gpt-5" },
      { backend: "Backend default/two", provider: "openai", model: "gpt-5" },
    ],
  });
});

t.test("the engine is asked with what the record holds", async (t) => {
  const asked: RecordedCall[] = [];
  const choose: ChooseRecorded = (_plan, one) => {
    asked.push(one);
    return { kind: "next" };
  };
  replayOf([models(), web], choose).decide(call);
  const model = call.model?.requestModel;
  t.match(asked, [
    { method: "POST", path: "/v1/chat/completions", model, served: { provider: "openai" } },
  ]);
});

const choices: readonly {
  readonly name: string;
  readonly choice: ReplayedChoice;
  readonly objects: readonly object[];
  readonly outcome: object;
}[] = [
  {
    name: "the next rule decides what none is meant by",
    choice: { kind: "next" },
    objects: [models(), web],
    outcome: { verdict: "allow", route: { kind: "EgressHTTPRoute", name: "web" } },
  },
  {
    name: "a refusal stands at the entry",
    choice: { kind: "refuse", reason: "no-rule", rule: undefined },
    objects: [models()],
    outcome: { verdict: "deny", reason: "no-rule", route: { kind: "AIProviderRoute" } },
  },
  {
    name: "in audit mode it goes on as by default",
    choice: { kind: "refuse", reason: "no-rule", rule: undefined },
    objects: [models({ enforcement: "Audit" })],
    outcome: { verdict: "allow", wouldDeny: "no-rule", route: null, credentials: [] },
  },
  {
    name: "in audit mode what cannot be served is refused all the same",
    choice: { kind: "refuse", reason: "not-translatable", rule: undefined },
    objects: [models({ enforcement: "Audit" })],
    outcome: { verdict: "deny", reason: "not-translatable" },
  },
  {
    name: "what the engine does not know is not known",
    choice: { kind: "unknown", missing: "model of the request" },
    objects: [models()],
    outcome: { kind: "unknown", missing: "model of the request" },
  },
];

for (const { name, choice, objects, outcome } of choices) {
  t.test(name, async (t) => {
    t.match(replayOf(objects, () => choice).decide(call), outcome);
  });
}

t.test("a request without a body is refused where the body decides", async (t) => {
  const empty = { ...call, model: null, request: { ...call.request, bytes: 0 } };
  t.match(replayOf([models()], serve).decide(empty), { verdict: "deny", reason: "body-malformed" });
});

t.test("whether a refused request had a body is not known", async (t) => {
  const decision = { verdict: "deny", reason: "no-rule", message: "", route: null } as const;
  const refused = { ...call, model: null, upstream: null, decision };
  const one = { ...refused, request: { ...call.request, bytes: 0 } };
  t.match(replayOf([models()], serve).decide(one), { missing: "body of the request" });
});
