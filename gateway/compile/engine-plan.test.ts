/** Which rules need the engine, and what their plans say. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import type { CompileResult } from "../compile.ts";
import type { EnginePlan } from "../snapshot.ts";
import { planId } from "./plan-id.ts";
import {
  aiRoute,
  awsCredential,
  backend,
  backendRef,
  compiled,
  forwardOf,
  gateway,
  gatewayOf,
  headerCredential,
  hostPolicy,
  httpRoute,
  l4Route,
  loggedBy,
  logging,
  object,
  parent,
  queryCredential,
  secret,
  target,
} from "./testdata/objects.ts";

const key = secret("key", { token: "sk-1" });
const aws = secret("aws", { access_key_id: "AKIA", secret_access_key: "shh" });
const toWeb = [target("EgressHTTPRoute", "web")];
const web = httpRoute("web", ["a.example", "b.example"]);
const full = logging("full", { captureRequest: true });
const capturing = { otlp: { captureBody: {} } };

function ruleOf(result: CompileResult, host: string, index = 0) {
  const rule = hostPolicy(result, host).rules[index];
  if (rule === undefined) throw new Error(`Cannot find rule ${index} of "${host}"`);
  return rule;
}

function planOf(result: CompileResult, host: string, index = 0): EnginePlan {
  const { engine } = ruleOf(result, host, index);
  if (engine === undefined) throw new Error(`Cannot find plan of rule ${index} of "${host}"`);
  return engine;
}

t.test("enginePlan() gives none where Envoy's own filters suffice", async (t) => {
  const result = compiled(
    gateway(),
    web,
    httpRoute("bedrock", ["bedrock-runtime.us-east-1.amazonaws.com"]),
    l4Route("raw", { destinationHostnames: ["raw.example"] }),
    headerCredential("p", toWeb),
    awsCredential("q", [target("EgressHTTPRoute", "bedrock")]),
    key,
    aws,
  );
  const rules = gatewayOf(result).hosts.flatMap((host) => host.rules);
  t.ok(rules.length >= 4);
  t.same(
    rules.filter(({ engine }) => engine !== undefined),
    [],
  );
});

const metered = [
  { provider: "openai", host: "api.openai.com", name: "openai" },
  { provider: "anthropic", host: "api.anthropic.com", name: "anthropic" },
  { provider: "azure-openai", host: "*.openai.azure.com", name: "azure_openai" },
];

for (const { provider, host, name } of metered) {
  t.test(`enginePlan() reads tokens of ${provider}`, async (t) => {
    const plan = {
      gateway: "default/egress",
      route: { kind: "AIProviderRoute", namespace: "default", name: "ai" },
      ruleIndex: 0,
      provider: name,
      meters: true,
      queryCredentials: [],
      why: [`reads tokens of ${name} calls`],
    };
    const { rules } = hostPolicy(compiled(gateway(), aiRoute("ai", provider)), host);
    t.same(rules.at(-1)?.engine, { id: planId(plan), ...plan });
    for (const { engine } of rules.slice(0, -1)) {
      if (engine === undefined) throw new Error("Cannot find plan of a model call");
      const { id, routing, ...rest } = engine;
      const why = [...plan.why, "asks for token counts of streams"];
      t.same(rest, { ...plan, why });
      t.equal(id, planId({ ...rest, routing }));
      t.match(routing, { otherwise: "next", rules: [{ candidates: [{ pick: "" }] }] });
    }
  });
}

t.test("enginePlan() reads no tokens where a route names the provider's host only", async (t) => {
  const result = compiled(gateway(capturing), httpRoute("web", ["api.openai.com"]));
  const { meters, provider } = planOf(result, "api.openai.com");
  t.same({ meters, provider }, { meters: false, provider: undefined });
});

t.test("enginePlan() differs between the providers of one rule", async (t) => {
  const matches = [{ provider: "openai" }, { provider: "bedrock" }];
  const result = compiled(gateway(), aiRoute("ai", "openai", { matches }));
  const bedrock = "bedrock-runtime.us-east-1.amazonaws.com";
  t.equal(planOf(result, "api.openai.com").provider, "openai");
  t.equal(planOf(result, bedrock).provider, "aws_bedrock");
  t.not(planOf(result, bedrock).id, planOf(result, "api.openai.com").id);
});

t.test("enginePlan() keeps what the rule's LoggingPolicy asks for", async (t) => {
  const rules = [{ filters: loggedBy("full") }, { matches: [{ method: "GET" }] }];
  const result = compiled(gateway(), httpRoute("web", ["a.example"], { rules }), full);
  t.match(planOf(result, "a.example"), {
    meters: false,
    capture: { request: true, response: false },
    why: ["keeps request bodies (LoggingPolicy default/full)"],
  });
  t.equal(ruleOf(result, "a.example", 1).engine, undefined);
});

t.test("enginePlan() keeps what the gateway asks for, on every rule that forwards", async (t) => {
  const result = compiled(
    gateway(capturing),
    web,
    aiRoute("ai", "gemini"),
    l4Route("raw", { destinationHostnames: ["raw.example"] }),
    object("MCPRoute", "mcp", { parentRefs: [parent()], hostnames: ["mcp.example"], rules: [{}] }),
  );
  const kept = "keeps request and response bodies (EgressGateway default/egress)";
  const gemini = "generativelanguage.googleapis.com";
  const index = hostPolicy(result, gemini).rules.length - 1;
  const plans = [
    { plan: planOf(result, "a.example"), why: [kept] },
    { plan: planOf(result, "raw.example"), why: [kept] },
    { plan: planOf(result, gemini, index), why: ["reads tokens of google_genai calls", kept] },
    { plan: planOf(result, "mcp.example"), why: [kept, "judges MCP messages"] },
  ];
  for (const { plan, why } of plans) {
    t.match(plan.capture, { request: true, response: true });
    t.same(plan.why, why);
  }
});

t.test("enginePlan() keeps what the gateway asks for on that gateway only", async (t) => {
  const parentRefs = [parent(), parent("other")];
  const result = compiled(
    gateway(),
    gateway(capturing, "other"),
    httpRoute("web", ["a.example"], { parentRefs }),
  );
  t.equal(ruleOf(result, "a.example").engine, undefined);
  const [host] = gatewayOf(result, "other").hosts;
  t.equal(host?.rules[0]?.engine?.gateway, "default/other");
});

t.test("enginePlan() puts credentials into the query", async (t) => {
  const result = compiled(
    gateway(),
    web,
    queryCredential("p", toWeb),
    queryCredential("q", toWeb, { queryParamName: "user" }),
    headerCredential("r", toWeb),
    key,
  );
  const { queryCredentials, why } = planOf(result, "a.example");
  t.same(
    queryCredentials.map(({ parameter }) => parameter),
    ["key", "user"],
  );
  t.same(why, ["puts a credential into the query"]);
  t.same(
    forwardOf(result, "a.example").credentials.map(({ kind }) => kind),
    ["query", "query", "header"],
    "where a credential goes is refused on plain HTTP and for TRACE by the action",
  );
});

t.test("enginePlan() says every reason", async (t) => {
  const result = compiled(
    gateway(capturing),
    aiRoute("ai", "openai", { filters: loggedBy("full") }),
    queryCredential("p", [target("AIProviderRoute", "ai")]),
    full,
    key,
  );
  const index = hostPolicy(result, "api.openai.com").rules.length - 1;
  t.same(planOf(result, "api.openai.com", index).why, [
    "reads tokens of openai calls",
    "keeps request bodies (LoggingPolicy default/full)",
    "keeps response bodies (EgressGateway default/egress)",
    "puts a credential into the query",
  ]);
});

t.test("enginePlan() gives a rule one plan for all hosts and matches", async (t) => {
  const rules = [{ filters: loggedBy("full"), matches: [{ method: "GET" }, { method: "PUT" }] }];
  const result = compiled(gateway(), httpRoute("web", ["a.example", "b.example"], { rules }), full);
  const plan = planOf(result, "a.example");
  t.equal(planOf(result, "a.example", 1), plan);
  t.equal(planOf(result, "b.example"), plan);
});

t.test("enginePlan() keeps its id until what it says changes", async (t) => {
  const idOf = (...objects: readonly ParsedObject[]) =>
    planOf(compiled(gateway(), queryCredential("p", toWeb), ...objects), "a.example").id;
  const id = idOf(web, key);
  t.match(id, /^[0-9a-f]{16}$/);
  t.equal(idOf(web, secret("key", { token: "changed" })), id, "a value is none of its matters");
  t.equal(idOf(web, key, httpRoute("other", ["other.example"])), id);
  t.not(
    idOf(httpRoute("web", ["a.example"], { rules: [{ filters: loggedBy("full") }] }), key, full),
    id,
  );
});

t.test("enginePlan() gives a backend with a query credential a plan of its own", async (t) => {
  const result = compiled(
    gateway(),
    aiRoute("ai", "openai", { backendRefs: [backendRef("one"), backendRef("two")] }),
    backend("one", "one.example"),
    backend("two", "two.example"),
    queryCredential("p", [target("AIProviderRoute", "ai")], { queryParamName: "all" }),
    queryCredential("q", [target("AIProviderRoute", "ai", { sectionName: "two" })]),
    key,
  );
  const index = hostPolicy(result, "api.openai.com").rules.length - 1;
  const { backends } = forwardOf(result, "api.openai.com", index);
  const parameters = (plan: EnginePlan | undefined) =>
    plan?.queryCredentials.map(({ parameter }) => parameter);
  t.same(parameters(planOf(result, "api.openai.com", index)), ["all"]);
  t.same(
    backends.map(({ engine }) => parameters(engine)),
    [undefined, ["all", "key"]],
  );
  t.equal(backends[1]?.engine?.meters, true);
  t.same(
    backends.map(({ credentials }) => credentials.map(({ kind }) => kind)),
    [[], ["query"]],
  );
});

t.test("attemptPlan() signs for the host that was asked for", async (t) => {
  const result = compiled(
    gateway(),
    aiRoute("ai", "bedrock"),
    awsCredential("p", [target("AIProviderRoute", "ai")]),
    aws,
  );
  const action = forwardOf(result, "bedrock-runtime.eu-west-1.amazonaws.com");
  const [signing] = action.credentials;
  const plan = { gateway: "default/egress", signing };
  t.same(action.attempt, { id: planId(plan), ...plan });
  t.match(signing, { kind: "aws-sigv4", region: "eu-west-1", service: "bedrock" });
  const other = forwardOf(result, "bedrock-runtime.us-east-1.amazonaws.com");
  t.not(other.attempt?.id, action.attempt?.id);
});

t.test("attemptPlan() signs for each backend, and never for the rule as a whole", async (t) => {
  const result = compiled(
    gateway(),
    aiRoute("ai", "bedrock", { backendRefs: [backendRef("one"), backendRef("two")] }),
    backend("one", "one.example"),
    backend("two", "two.example"),
    awsCredential("p", [target("AIProviderRoute", "ai")], { region: "eu-west-1" }),
    aws,
  );
  const action = forwardOf(result, "bedrock-runtime.us-east-1.amazonaws.com");
  t.equal(action.attempt, undefined);
  t.same(action.credentials, []);
  t.same(
    action.backends.map(({ attempt, credentials }) => [
      attempt?.signing?.region,
      credentials.length,
    ]),
    [
      ["eu-west-1", 1],
      ["eu-west-1", 1],
    ],
  );
  const [one, two] = action.backends;
  t.equal(one?.attempt?.id, two?.attempt?.id);
});

t.test("attemptPlan() leaves a backend with a header of its own unsigned", async (t) => {
  const result = compiled(
    gateway(),
    aiRoute("ai", "bedrock", { backendRefs: [backendRef("one"), backendRef("two")] }),
    backend("one", "one.example"),
    backend("two", "two.example"),
    awsCredential("p", [target("AIProviderRoute", "ai")], { region: "eu-west-1" }),
    headerCredential("q", [target("AIProviderRoute", "ai", { sectionName: "two" })]),
    aws,
    key,
  );
  const { backends } = forwardOf(result, "bedrock-runtime.us-east-1.amazonaws.com");
  t.same(
    backends.map(({ attempt, credentials }) => [
      attempt?.signing?.kind,
      credentials.map(({ kind }) => kind),
    ]),
    [
      ["aws-sigv4", ["aws-sigv4"]],
      [undefined, ["header"]],
    ],
  );
});
