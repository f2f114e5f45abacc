/** The whole function: the same result for the same objects, no secrets in it, and the time it takes. */
import { performance } from "node:perf_hooks";
import t from "tap";
import type { ParsedObject } from "../crds/kinds.ts";
import type { CompileResult } from "./compile.ts";
import { compile } from "./compile.ts";
import {
  aiRoute,
  awsCredential,
  backend,
  backendRef,
  compiled,
  conditionOf,
  decisions,
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
  statusOf,
  target,
} from "./compile/testdata/objects.ts";
import { testCertificatePem } from "./testdata/leaf.ts";
import { xdsResources } from "./xds.ts";

/** Something of everything. */
function everything(): ParsedObject[] {
  const hidden = "hidden-value";
  return [
    gateway({ otlp: { endpoint: "https://otlp.example", headers: { "x-key": hidden } } }),
    gateway({ defaultPolicy: "allow-all", explicitProxy: {}, otlp: { captureBody: {} } }, "other"),
    httpRoute("web", ["*.example.com", "api.example.com", "10.0.0.1"]),
    httpRoute("kept", ["kept.example"], { rules: [{ filters: loggedBy("log") }] }),
    httpRoute("lost", ["lost.example"], { parentRefs: [parent("none")] }),
    aiRoute("openai", "openai", { backendRefs: [backendRef("b"), backendRef("none")] }),
    aiRoute("bedrock", "bedrock", {}, { parentRefs: [parent("other")] }),
    aiRoute("limited", "anthropic", {
      filters: [{ type: "TokenBudget", tokenBudget: { maxTokensPerDay: 1 } }],
    }),
    l4Route("db", { destinationHostnames: ["db.example"], ports: [{ port: 443 }] }),
    object("MCPRoute", "mcp", { parentRefs: [parent()], rules: [{}] }),
    backend("b", "proxy.example", { schema: { name: "openai" } }),
    headerCredential("key", [target("AIProviderRoute", "openai")]),
    headerCredential("gone", [target("EgressHTTPRoute", "web")], { secretRef: { name: "none" } }),
    awsCredential("aws", [target("AIProviderRoute", "bedrock")]),
    object("EgressDenyPolicy", "deny", { targetRefs: [target("EgressL4Route", "db")] }),
    queryCredential("query", [target("EgressHTTPRoute", "kept")]),
    headerCredential("basic", [target("EgressHTTPRoute", "kept")], {
      valueTemplate: `Basic \${base64(\${token})}`,
    }),
    logging("log", { captureRequest: true, redactHeaders: ["x-a"] }),
    object("RateLimitPolicy", "limit", { requests: 1, window: "1s" }),
    object("FallbackRoutingPolicy", "fall", { targetRefs: [target("AIProviderRoute", "none")] }),
    secret("key", { token: hidden }),
    secret("aws", { access_key_id: hidden, secret_access_key: hidden }),
  ];
}

function shuffled(objects: readonly ParsedObject[], seed: number): ParsedObject[] {
  let state = seed;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state;
  };
  const keyed = objects.map((one) => ({ one, order: next() }));
  return keyed.toSorted((left, right) => left.order - right.order).map(({ one }) => one);
}

function plain({ snapshot, credentials, statuses }: CompileResult) {
  return {
    snapshot,
    statuses,
    credentials: [...credentials].map(([key, value]) => `${key}=${value.reveal()}`).toSorted(),
  };
}

t.test("compile() gives the same result for the same objects in any order", async (t) => {
  const expected = plain(compiled(...everything()));
  for (let seed = 1; seed <= 10; seed++) {
    t.same(plain(compiled(...shuffled(everything(), seed))), expected, `seed ${seed}`);
  }
});

t.test("compile() keeps secrets out of snapshot and statuses", async (t) => {
  const result = compiled(...everything());
  t.ok(result.credentials.size >= 4);
  t.notMatch(JSON.stringify([result.snapshot, result.statuses, [...result.credentials]]), /hidden/);
});

t.test("compile() gives a snapshot that threads can be sent", async (t) => {
  const { snapshot } = compiled(...everything());
  t.same(structuredClone(snapshot), snapshot);
});

t.test("compile() gives values for exactly what the snapshot names", async (t) => {
  const { credentials } = compiled(...everything());
  t.same([...credentials.keys()].toSorted(), [
    "otlp/default/egress/x-key",
    "secret/default/aws/aws/access_key_id",
    "secret/default/aws/aws/secret_access_key",
    "secret/default/key/template/34daf1629f1e1721",
    "secret/default/key/token",
  ]);
});

t.test("compile() plans for the engine on each gateway what it is asked for there", async (t) => {
  const result = compiled(...everything());
  const whyOf = (name: string) =>
    new Set(
      gatewayOf(result, name).hosts.flatMap(({ rules }) =>
        rules.flatMap((rule) => rule.engine?.why ?? []),
      ),
    );
  t.same([...whyOf("egress")].toSorted(), [
    "asks for token counts of streams",
    "judges MCP messages",
    "keeps calls within a budget",
    "keeps request bodies (LoggingPolicy default/log)",
    "puts a credential into the query",
    "reads tokens of anthropic calls",
    "reads tokens of openai calls",
  ]);
  t.same([...whyOf("other")].toSorted(), [
    "keeps request and response bodies (EgressGateway default/other)",
    "reads tokens of aws_bedrock calls",
  ]);
});

t.test("compile() reports on every object once", async (t) => {
  const objects = everything();
  const { statuses } = compiled(...objects);
  t.equal(statuses.length, objects.length);
  const failing = statuses
    .filter(({ conditions }) => conditions[0]?.status !== "True")
    .map(({ ref, conditions }) => `${ref.kind} ${ref.name}: ${conditions[0]?.reason}`);
  t.same(failing, [
    "Secret aws: undefined",
    "FallbackRoutingPolicy fall: TargetNotFound",
    "Secret key: undefined",
    "EgressHTTPRoute lost: NoMatchingParent",
  ]);
});

t.test("compile() carries the revision and guards the machine's own addresses", async (t) => {
  const environment = { ownAddresses: ["203.0.113.9"] };
  const { snapshot } = compile({ objects: [gateway()], revision: 7, environment });
  t.equal(snapshot.revision, 7);
  t.ok(snapshot.gateways[0]?.upstream.guardedRanges.includes("203.0.113.9/32"));
});

t.test("compile() takes no objects", async (t) => {
  t.same(plain(compiled()), {
    snapshot: { revision: 1, gateways: [] },
    statuses: [],
    credentials: [],
  });
});

t.test("compile() keeps routes on their own gateway", async (t) => {
  const result = compiled(...everything());
  t.same(
    gatewayOf(result, "other")
      .hosts.flatMap(({ rules }) => rules.map(({ route }) => route.name))
      .filter((name) => name !== "bedrock"),
    [],
  );
  t.throws(() => hostPolicy(result, "bedrock-runtime.us-east-1.amazonaws.com"));
});

t.test("compile() shows routes of wildcard and exact host in their order", async (t) => {
  const result = compiled(...everything());
  t.same(decisions(hostPolicy(result, "api.example.com")), [
    "deny credential-missing EgressHTTPRoute web/0",
    "allow MCPRoute mcp/0",
  ]);
});

t.test(
  "compile() uses one of two objects with one name, always the same, and says so",
  async (t) => {
    const twins = [httpRoute("r", ["a.example"]), httpRoute("r", ["b.example"])];
    const forwards = compiled(gateway(), ...twins);
    const backwards = compiled(...twins.toReversed(), gateway());
    t.same(plain(backwards), plain(forwards));
    t.equal(gatewayOf(forwards).hosts.length, 1);
    t.same(statusOf(forwards, "EgressHTTPRoute default/r").problems, [
      "2 objects are EgressHTTPRoute default/r: only one of them is used",
    ]);
  },
);

t.test("compile() gives what becomes xDS", async (t) => {
  const result = compiled(...everything());
  for (const name of ["egress", "other"]) {
    const resources = xdsResources(gatewayOf(result, name), {
      runs: [],
      explicit: { address: "127.0.0.1", port: 3128 },
      engineSockets: [],
    });
    t.ok(resources.length > 10, name);
  }
});

t.test("compile() accepts a gateway with nothing but itself", async (t) => {
  const result = compiled(gateway());
  t.equal(conditionOf(result, "EgressGateway default/egress", "Accepted"), "Accepted: Valid");
});

t.test("compile() takes 2,000 routes in time", async (t) => {
  const routes = Array.from({ length: 2_000 }, (_, index) =>
    httpRoute(`r${index}`, [`h${index}.example.com`, `*.w${index}.example.com`], {
      rules: [{ matches: [{ path: { value: `/v${index}` } }] }],
    }),
  );
  const objects = [gateway(), httpRoute("wide", ["*.example.com"]), ...routes];
  compiled(...objects);
  const start = performance.now();
  const result = compiled(...objects);
  const elapsedMs = performance.now() - start;
  t.equal(gatewayOf(result).hosts.length, 4_001);
  t.equal(hostPolicy(result, "h7.example.com").rules.length, 2);
  t.comment(`${elapsedMs.toFixed(1)} ms`);
  t.ok(elapsedMs < 500, `${elapsedMs.toFixed(1)} ms`);
});

function minting(name: string, route: string, scope = "a"): ParsedObject {
  const tokenURL = "https://login.example/token";
  return object("CredentialInjectionPolicy", name, {
    targetRefs: [target("EgressHTTPRoute", route)],
    secretRef: { name: "client" },
    target: "ProviderAuth",
    providerAuth: { type: "OAuth2ClientCredentials", tokenURL, scopes: [scope] },
  });
}

const clientKeys = secret("client", { client_id: "me", client_secret: "shh" });

t.test(
  "compile() names what must be minted for rules, once, and nothing that no rule needs",
  async (t) => {
    const { mints } = compiled(
      gateway(),
      httpRoute("a", ["a.example"]),
      httpRoute("b", ["b.example"]),
      httpRoute("lost", ["lost.example"], { parentRefs: [parent("none")] }),
      minting("one", "a"),
      minting("two", "b"),
      minting("unattached", "lost", "other"),
      minting("untargeted", "none", "another"),
      clientKeys,
    );
    t.match([...mints.keys()], [/^secret\/default\/client\/minted\/[0-9a-f]{16}$/]);
  },
);

t.test(
  "compile() refuses rules whose credential is withheld, and says why to operators alone",
  async (t) => {
    const objects = [gateway(), httpRoute("a", ["a.example"]), minting("one", "a"), clientKeys];
    const [resource = ""] = compiled(...objects).mints.keys();
    const environment = { ownAddresses: [] };
    const withheld = new Map([[resource, "tokens.inside.example is down"]]);
    const result = compile({ objects, revision: 2, environment, withheld });
    t.equal(result.mints.size, 0);
    t.match(hostPolicy(result, "a.example").rules[0]?.action, {
      kind: "deny",
      status: 403,
      reason: "credential-missing",
      message:
        "Refused because CredentialInjectionPolicy default/one gives no credential: there is none at the moment",
    });
    const conditions = result.statuses.flatMap((status) => status.conditions);
    const resolved = conditions.find(({ reason }) => reason === "CredentialNotMinted");
    t.match(resolved, { type: "ResolvedRefs", message: /tokens\.inside\.example is down/ });
  },
);

t.test("compile() has endpoints verified by what the gateways of their tokens trust", async (t) => {
  const trusting = (name: string) =>
    gateway({ upstreamTLS: { additionalTrustBundleSecretRef: { name: "roots" } } }, name);
  const objects = [
    gateway(),
    httpRoute("a", ["a.example"]),
    httpRoute("b", ["b.example"], { parentRefs: [parent("one"), parent("two")] }),
    trusting("one"),
    trusting("two"),
    minting("plain", "a", "plain"),
    minting("trusting", "b", "trusting"),
    clientKeys,
    secret("roots", { "ca.crt": testCertificatePem }),
  ];
  const pems = [...compiled(...objects).mints.values()].map((plan) => plan.additionalTrustPem);
  t.equal(pems.length, 2);
  t.equal(pems.filter((pem) => pem === "").length, 1, "not by those of any other gateway");
  t.equal(pems.join("").split("BEGIN CERTIFICATE").length, 2, "and each root once");
});
