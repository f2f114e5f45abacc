/** The ways of MCP requests as Envoy is told them: who gets which credential, and that an entry leads to nothing else. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import {
  awsCredential,
  backend,
  backendRef,
  compiled,
  decisions,
  gateway,
  headerCredential,
  hostPolicy,
  httpRoute,
  object,
  parent,
  queryCredential,
  secret,
  target,
} from "./testdata/objects.ts";

const refs = { backendRefs: [backendRef("one"), backendRef("plain"), backendRef("pool")] };
const backends = [
  backend("one", "one.example", { schema: { name: "custom", basePath: "/base" } }),
  backend("plain", "plain.example", { upstream: { host: "plain.example", tls: false, port: 80 } }),
  object("Backend", "pool", {
    type: "InferencePool",
    inferencePoolRef: { group: "a.b", kind: "Pool", name: "p" },
  }),
];
const key = secret("key", { token: "t" });

function rulesOf(...objects: readonly ParsedObject[]) {
  const spec = { parentRefs: [parent()], hostnames: ["mcp.example"], rules: [refs] };
  const route = object("MCPRoute", "m", spec);
  return hostPolicy(compiled(gateway(), route, ...backends, ...objects), "mcp.example").rules;
}

t.test("createMcpWays() has an entry that goes nowhere and a rule for each way", async (t) => {
  const rules = rulesOf();
  const ways = rules.filter(({ pick }) => pick !== undefined);
  t.match(ways, [
    { isJudged: true, match: {}, action: { backends: [{ host: "one.example" }] } },
    { isJudged: true, match: {}, action: { backends: [{ host: "plain.example" }] } },
  ]);
  t.equal(ways.length, 2);
  const [entry] = rules.filter(({ engine }) => engine !== undefined);
  t.same(entry?.action, { kind: "choose" });
  t.same(structuredClone(entry), entry);
  const told = entry?.engine?.mcp?.destinations?.[0]?.ways;
  t.match(told, [
    { pick: ways[0]?.pick, basePath: "/base" },
    { pick: ways[1]?.pick, basePath: "" },
    { refusal: { status: 501, reason: "backend-missing" } },
  ]);
});

t.test("createMcpWays() gives a credential to its backend, and none to plain HTTP", async (t) => {
  const rules = rulesOf(headerCredential("p", [target("MCPRoute", "m")]), key);
  const ways = rules.filter(({ pick }) => pick !== undefined);
  t.match(ways, [
    { action: { backends: [{ host: "one.example" }], credentials: [{ header: "authorization" }] } },
  ]);
  t.equal(ways.length, 1);
  t.match(rules.at(-1)?.engine?.mcp?.destinations?.[0]?.ways[1], {
    refusal: { status: 403, reason: "credential-needs-tls" },
  });
});

t.test("createMcpWays() gives a credential of one backend to no other", async (t) => {
  const own = headerCredential("p", [target("MCPRoute", "m", { sectionName: "one" })]);
  const ways = rulesOf(own, key).filter(({ pick }) => pick !== undefined);
  t.match(ways, [
    { action: { credentials: [{ header: "authorization" }] } },
    { action: { backends: [{ host: "plain.example", credentials: [] }], credentials: [] } },
  ]);
});

t.test("createMcpWays() says which way has something in its query", async (t) => {
  const rules = rulesOf(queryCredential("p", [target("MCPRoute", "m")]), key);
  const engine = rules.find((rule) => rule.engine !== undefined)?.engine;
  t.same(engine?.queryCredentials, [], "which way is taken is known later");
  t.match(engine?.mcp?.destinations?.[0]?.ways[0]?.queryCredentials, [{ parameter: "key" }]);
  t.notOk(JSON.stringify(rules.filter(({ pick }) => pick)).includes('"engine"'));
});

t.test("createMcpWays() has requests signed on their way", async (t) => {
  const auth = { region: "eu-west-1", service: "lambda" };
  const parts = { access_key_id: "AKIA", secret_access_key: "s" };
  const rules = rulesOf(awsCredential("p", [target("MCPRoute", "m")], auth), secret("aws", parts));
  const [way] = rules;
  t.match(way?.action, { backends: [{ attempt: { signing: { kind: "aws-sigv4" } } }] });
});

t.test("createMcpWays() refuses as a whole what no way serves", async (t) => {
  const rules = rulesOf(headerCredential("p", [target("MCPRoute", "m")]));
  t.match(rules, [{ action: { kind: "deny", reason: "credential-missing" } }]);
  t.equal(rules.length, 1);
});

t.test("createMcpWays() puts ways before all other rules of the host", async (t) => {
  const rules = rulesOf(
    httpRoute("a", ["mcp.example"], {
      rules: [{ matches: [{ path: { type: "PathPrefix", value: "/base" } }] }],
    }),
  );
  t.same(
    rules.map(({ pick, route: { name } }) => [name, pick !== undefined]),
    [
      ["m", true],
      ["m", true],
      ["a", false],
      ["m", false],
    ],
  );
  t.equal(decisions({ host: { kind: "any", value: "" }, rules }).length, 4);
});
