/** Tests routes of choices: what waits, what is picked and what is tried next; a real Envoy walks them. */
import t from "tap";
import { tryUnpackAny } from "../any.ts";
import type { ParsedObject } from "../../crds/kinds.ts";
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
  httpRoute,
  object,
  secret,
  target,
} from "../compile/testdata/objects.ts";
import { envoy } from "../proto/gen/xds.js";
import type { RoutedRule } from "../routing-plan.ts";
import { plainRequest } from "../testdata/agent.ts";
import type { Choice } from "../testdata/choosing.ts";
import { startChoosing } from "../testdata/choosing.ts";
import { needsEnvoy } from "../testdata/envoy-rig.ts";
import { enginePlan, forward } from "../testdata/gateway-snapshot.ts";
import { routeConfiguration } from "./route-configuration.ts";
import type { SwapPlan } from "../snapshot.ts";
import { entryRoute, letByMatch, pickedMatch, walkRoute } from "./choice-route.ts";

const host = "api.openai.com";
const chat = { method: "POST", path: "/v1/chat/completions", body: "{}" };
const key = secret("key", { token: "sk-1" });
const other = secret("other", { token: "sk-2" });
const aws = secret("aws", { access_key_id: "AKIA", secret_access_key: "shh" });
const policy = object("FallbackRoutingPolicy", "f", {
  targetRefs: [target("AIProviderRoute", "r")],
});
const toBackend = (name: string) => [target("AIProviderRoute", "r", { sectionName: name })];
const claude = backend("a", "a.example.com", { schema: { name: "anthropic" } });
const own = backend("b", "b.example.com");
const pair = [
  aiRoute("r", "openai", { backendRefs: [backendRef("a"), backendRef("b")] }),
  claude,
  own,
];
const pairKeys = [
  headerCredential("a", toBackend("a"), { headerName: "x-api-key" }),
  headerCredential("b", toBackend("b"), { secretRef: { name: "other" }, valuePrefix: "Bearer " }),
  key,
  other,
];

t.test("entryRoute() leads nowhere until something is picked", async (t) => {
  const route = entryRoute({
    name: "allow/x",
    match: { path: "/v1/chat" },
    engine: enginePlan(),
    requestTimeoutMs: 30_000,
    swaps: false,
  });
  t.equal(route.route?.cluster, "refused");
  t.match(route.match, {
    path: "/v1/chat",
    dynamicMetadata: [
      { filter: "clrk", path: [{ key: "pick" }], value: { presentMatch: true }, invert: true },
    ],
  });
  t.same(Object.keys(route.typedPerFilterConfig ?? {}), ["clrk.engine_choice"]);
  t.same(route.requestBodyBufferLimit, { value: 32 * 1024 * 1024 });
});

t.test("pickedMatch() fits its pick alone, whatever the request has become", async (t) => {
  t.same(pickedMatch("p"), {
    prefix: "/",
    dynamicMetadata: [
      { filter: "clrk", path: [{ key: "pick" }], value: { stringMatch: { exact: "p" } } },
    ],
  });
});

t.test("letByMatch() fits what was read, and adds to what the rule matches", async (t) => {
  const [matcher] = letByMatch({ path: "/x" }).dynamicMetadata ?? [];
  t.equal(letByMatch({ path: "/x" }).path, "/x");
  t.match(matcher, { value: { presentMatch: true } });
  t.notOk(matcher?.invert);
});

t.test(
  "walkRoute() has a group for each candidate, and nobody where there is no order",
  async (t) => {
    const result = compiled(gateway(), ...pair, ...pairKeys, policy);
    const action = forwardOf(result, host, 2);
    const { fallback } = action;
    if (fallback === undefined) throw new Error("Wanted a rule that falls back");
    const { PriorityGroupClusterSpecifier } =
      envoy.extensions.router.cluster_specifiers.priority_group.v3;
    const { match, route } = walkRoute({
      name: "allow/x",
      pick: fallback.pick,
      action: { ...action, fallback },
      provider: undefined,
      requestTimeoutMs: 30_000,
    });
    t.same(match, pickedMatch(fallback.pick));
    const specifier = tryUnpackAny(
      route?.inlineClusterSpecifierPlugin?.extension?.typedConfig ?? {},
      PriorityGroupClusterSpecifier,
    );
    t.equal(specifier?.overrideMetadataNamespace, "clrk.order");
    const picks = action.backends.map(
      ({ attempt }) => attempt?.fallback?.rule.candidates[attempt.fallback.candidate]?.pick,
    );
    t.equal(new Set(picks).size, 2);
    t.same(
      specifier?.priorityGroups.map(({ name, clusters }) => [name, clusters[0]?.clusterName]),
      [
        ["clrk.order", "refused"],
        ...picks.map((pick) => [pick, `candidate/${fallback.pick}/${pick}`]),
      ],
    );
    t.match(route?.retryPolicy, {
      retriableStatusCodes: [429, 500, 502, 503, 504, 529],
      numRetries: { value: 1 },
      refreshClusterOnRetry: true,
    });
  },
);

t.test("walkRoute() has no group for a target that is no attempt", async (t) => {
  const fallback = {
    pick: "p",
    retries: 1,
    statuses: [],
    perTryTimeoutMs: 1,
    connectTimeoutMs: 1,
    maxEjectionMs: 1,
  };
  const target = { backend: { kind: "Backend", namespace: "d", name: "x" }, host: "x.example.com" };
  const backends = [{ ...target, port: 443, weight: 1, credentials: [] }];
  const action = { ...forward({ backends }), fallback };
  const options = { name: "x", pick: "p", provider: undefined, requestTimeoutMs: 1 };
  const any = walkRoute({ ...options, action }).route?.inlineClusterSpecifierPlugin?.extension;
  const { PriorityGroupClusterSpecifier } =
    envoy.extensions.router.cluster_specifiers.priority_group.v3;
  const specifier = tryUnpackAny(any?.typedConfig ?? {}, PriorityGroupClusterSpecifier);
  t.equal(specifier?.priorityGroups.length, 1);
});

t.test("walkRoute() searches answers, and leaves placeholders to the attempts", async (t) => {
  const swap: SwapPlan = { id: "00000000000000aa", gateway: "d/g", placeholders: [], scrubs: [] };
  const fallback = {
    pick: "p",
    retries: 1,
    statuses: [],
    perTryTimeoutMs: 1,
    connectTimeoutMs: 1,
    maxEjectionMs: 1,
  };
  const configured = (more: Partial<ReturnType<typeof forward>>) => {
    const action = { ...forward(more), fallback };
    const options = { name: "x", pick: "p", provider: undefined, requestTimeoutMs: 1 };
    return Object.keys(walkRoute({ ...options, action }).typedPerFilterConfig ?? {});
  };
  t.same(configured({}), []);
  t.same(configured({ swap }), ["clrk.swap"]);
  const target = { backend: { kind: "Backend", namespace: "d", name: "x" }, host: "x.example.com" };
  const backends = [{ ...target, port: 443, weight: 1, credentials: [], swap }];
  t.same(configured({ backends }), ["clrk.placeholder_watch"]);
});

/** Picks the candidate at a position of the first rule, or walks several. */
function pickAt(...positions: readonly number[]) {
  return ([rule]: readonly RoutedRule[]): Choice => {
    const picks = positions.map((position) => rule?.candidates[position]?.pick ?? "");
    const [pick = ""] = picks;
    const walk = rule?.fallback?.pick;
    return walk === undefined ? { pick } : { pick: walk, order: picks };
  };
}

async function headersAfter(
  t: Parameters<typeof startChoosing>[0],
  objects: readonly ParsedObject[],
  choose: Parameters<typeof startChoosing>[1]["choose"],
) {
  const hosts = ["a.example.com", "b.example.com", host];
  const run = await startChoosing(t, { hosts, objects, choose });
  const headers = {
    authorization: "Bearer agent",
    "x-api-key": "agent",
    "x-goog-api-key": "agent",
  };
  const reply = await run.ask(host, { ...chat, headers });
  return { reply, seen: run.upstream.seen, run };
}

t.test("a picked way is gone with its own credential, and no other", needsEnvoy, async (t) => {
  const { reply, seen } = await headersAfter(t, [...pair, ...pairKeys], pickAt(1));
  t.equal(reply.status, 200, reply.text);
  const [{ headers } = { headers: {} }] = seen;
  t.match(headers, { host: "b.example.com", authorization: "Bearer sk-2" });
  t.notOk("x-api-key" in headers);
  t.notOk("x-goog-api-key" in headers);
});

t.test("a signature that the engine wrote is not taken for the agent's", needsEnvoy, async (t) => {
  const objects = [
    aiRoute("r", "openai", { backendRefs: [backendRef("s")] }),
    backend("s", "bedrock-runtime.us-east-1.amazonaws.com", { schema: { name: "bedrock" } }),
    awsCredential("s", toBackend("s")),
    aws,
  ];
  const hosts = ["bedrock-runtime.us-east-1.amazonaws.com"];
  const signature = { authorization: "AWS4-HMAC-SHA256 x", "x-amz-date": "20261124T000000Z" };
  const run = await startChoosing(t, {
    hosts,
    objects,
    choose: (rules) => ({ ...pickAt(0)(rules), set: signature }),
  });
  const headers = { authorization: "Bearer agent", "x-api-key": "agent" };
  t.equal((await run.ask(host, { ...chat, headers })).status, 200);
  t.match(run.upstream.seen[0]?.headers, { ...signature, host: hosts[0] });
  t.notOk("x-api-key" in (run.upstream.seen[0]?.headers ?? {}));
});

const undecided: readonly { readonly name: string; readonly choice: Choice | undefined }[] = [
  { name: "picks nothing", choice: undefined },
  { name: "picks what there is not", choice: { pick: "0123456789abcdef" } },
  { name: "lets it by", choice: { pick: "none" } },
];
for (const { name, choice } of undecided) {
  t.test(`a request goes nowhere when the engine ${name}`, needsEnvoy, async (t) => {
    const limited = aiRoute("r", "openai", { matches: [{ provider: "openai", models: ["x"] }] });
    const { reply, seen } = await headersAfter(t, [limited], () => choice);
    t.ok(reply.status === 403 || reply.status === 503, reply.text);
    t.same(seen, []);
  });
}

t.test("an agent picks nothing by headers, paths or upgrades", needsEnvoy, async (t) => {
  const run = await startChoosing(t, {
    hosts: ["a.example.com", "b.example.com"],
    objects: [...pair, ...pairKeys],
    choose: () => undefined,
  });
  const [way] = run.snapshot.hosts.flatMap(({ rules }) => rules.flatMap(({ pick }) => pick ?? []));
  const pick = way ?? "";
  const headers = { pick, "x-clrk-pick": pick, "x-clrk-plan": pick, clrk: `{"pick":"${pick}"}` };
  const tries = [
    { ...chat, headers },
    { ...chat, path: `/v1/chat/completions?pick=${pick}` },
    { ...chat, headers: { ...headers, connection: "upgrade", upgrade: "websocket" } },
    { ...chat, path: "/v1/messages", headers },
    { method: "GET", path: "/v1/chat/completions", headers },
  ];
  for (const request of tries) {
    const reply = await run.ask(host, request);
    if (run.upstream.seen.length > 0)
      t.match(run.upstream.seen[0]?.headers["host"], "b.example.com");
    run.upstream.seen.length = 0;
    t.not(request.method === "POST" && request.path === chat.path && reply.status, 200);
  }
});

t.test("a credential on a picked way never travels from plain HTTP", needsEnvoy, async (t) => {
  for (const more of [[], [policy]]) {
    const run = await startChoosing(t, {
      hosts: ["a.example.com", "b.example.com"],
      objects: [...pair, ...pairKeys, ...more],
      choose: pickAt(0, 1),
    });
    const reply = await plainRequest(run.rig, host, chat);
    t.equal(reply.status, 403, reply.text);
    t.equal(reply.headers["x-clrk-deny-reason"], "credential-needs-tls");
    t.same(run.upstream.seen, []);
  }
});

t.test("a rule that would have to read a request again refuses it", needsEnvoy, async (t) => {
  const limited = (name: string, models: readonly string[]) =>
    aiRoute(name, "openai", { matches: [{ provider: "openai", models }] });
  const marked = { headers: [{ type: "Exact", name: "x-mark", value: "1" }] };
  const between = httpRoute("m", [host], { rules: [{ matches: [marked] }] });
  const run = await startChoosing(t, {
    hosts: [host],
    objects: [limited("a", ["one"]), between, limited("z", ["two"])],
    choose: () => ({ pick: "none" }),
    spec: { defaultPolicy: "allow-all" },
  });
  const reply = await run.ask(host, chat);
  t.equal(reply.status, 403, reply.text);
  t.match(reply.text, /AIProviderRoute default\/z cannot be enforced for this request/);
  t.same(run.upstream.seen, []);
  t.equal((await run.ask(host, { ...chat, headers: { "x-mark": "1" } })).status, 200);
});

t.test(
  "Envoy takes backends without a share, and one that is named twice",
  needsEnvoy,
  async (t) => {
    const list = [backendRef("a"), backendRef("b", { weight: 0 }), backendRef("a")];
    for (const more of [[], [policy]]) {
      const objects = [aiRoute("r", "openai", { backendRefs: list }), claude, own, ...more];
      const run = await startChoosing(t, {
        hosts: ["a.example.com", "b.example.com"],
        objects,
        choose: pickAt(2),
      });
      t.equal((await run.ask(host, chat)).status, 200);
    }
  },
);

t.test("a limit after an entry refuses what it could not count", async (t) => {
  const filters = [{ type: "ExtensionRef", extensionRef: target("RateLimitPolicy", "p") }];
  const rest = httpRoute("rest", [host], { rules: [{ filters }] });
  const limit = object("RateLimitPolicy", "p", { requests: 1, window: "1s" });
  const entry = aiRoute("r", "openai", { matches: [{ provider: "openai", models: ["gpt-4o"] }] });
  const namesOf = (...objects: ParsedObject[]) => {
    const snapshot = gatewayOf(compiled(gateway(), ...objects));
    const configuration = routeConfiguration(snapshot, { scheme: "tls", section: "any" });
    const found = configuration.virtualHosts?.find(({ domains }) => domains?.includes(host));
    const names = (found?.routes ?? []).map(({ name }) => name ?? "");
    return [...new Set(names.filter((name) => name.includes("EgressHTTPRoute")))];
  };
  const allowed = "allow/EgressHTTPRoute/default/rest/0";
  t.same(namesOf(rest, limit, entry), [
    "deny/not-enforced/EgressHTTPRoute/default/rest/0",
    allowed,
  ]);
  t.same(namesOf(rest, limit), [allowed], "nothing is let by where there is no entry");
  t.same(namesOf(httpRoute("rest", [host]), entry), [allowed], "nothing is to be counted");
});
