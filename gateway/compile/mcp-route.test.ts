/** MCPRoutes as the engine judges by them, and what of them refuses the route. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import {
  compiled,
  conditionOf,
  decisions,
  forwardOf,
  gateway,
  gatewayOf,
  headerCredential,
  hostPolicy,
  httpRoute,
  loggedBy,
  logging,
  object,
  parent,
  secret,
  statusOf,
  target,
} from "./testdata/objects.ts";

function mcpRoute(name: string, spec: object = {}) {
  return object("MCPRoute", name, {
    parentRefs: [parent()],
    hostnames: ["mcp.example"],
    rules: [{}],
    ...spec,
  });
}

const toolPolicy = (policy: object) => ({ type: "ToolPolicy", toolPolicy: policy });
const label = "MCPRoute default/m";

function planOf(...objects: readonly ParsedObject[]) {
  return hostPolicy(compiled(gateway(), ...objects), "mcp.example").rules[0]?.engine?.mcp;
}

t.test("draftMcpRoute() gives the engine the rules of the route", async (t) => {
  const plan = planOf(
    mcpRoute("m", {
      rules: [
        {
          matches: [{ servers: ["*://mcp.example"], tools: ["a"], toolsRegex: ["b+"] }],
          filters: [
            toolPolicy({
              allowedTools: ["c"],
              deniedToolsRegex: ["d"],
              deniedArguments: [
                { tools: ["*"], arguments: [{ path: "repo", operator: "In", values: ["x"] }] },
              ],
              requireConfirmation: ["e"],
              rateLimits: [{ tools: ["f"], requests: 3, window: "1m", scope: "PerExecution" }],
            }),
          ],
        },
        { matches: [{ resources: ["r:*"], prompts: ["p"], methods: ["m"] }] },
        {},
        { matches: [{ arguments: [{ path: "n", operator: "LessThan", bound: "5" }] }] },
      ],
    }),
  );
  const nothing = { globs: [], expressions: [] };
  const everything = {
    servers: [],
    methods: [],
    tools: nothing,
    conditions: [],
    resources: [],
    prompts: [],
  };
  t.same(plan, {
    rules: [
      {
        ruleIndex: 0,
        matches: [
          {
            ...everything,
            servers: ["*://mcp.example"],
            tools: { globs: ["a"], expressions: ["b+"] },
          },
        ],
        toolPolicies: [
          {
            allowed: { globs: ["c"], expressions: [] },
            denied: { globs: [], expressions: ["d"] },
            deniedArguments: [
              {
                tools: { globs: ["*"], expressions: [] },
                conditions: [{ path: "repo", operator: "In", values: ["x"] }],
              },
            ],
            confirmed: ["e"],
            confirmation: { timeoutMs: 120_000 },
            limits: [
              {
                tools: { globs: ["f"], expressions: [] },
                limit: {
                  policy: {
                    kind: "MCPRoute",
                    namespace: "default",
                    name: "m/rules/0/filters/0/rateLimits/0",
                  },
                  requests: 3,
                  windowMs: 60_000,
                  scope: "PerExecution",
                },
              },
            ],
          },
        ],
        limits: [],
      },
      {
        ruleIndex: 1,
        matches: [{ ...everything, resources: ["r:*"], prompts: ["p"], methods: ["m"] }],
        toolPolicies: [],
        limits: [],
      },
      { ruleIndex: 2, matches: [everything], toolPolicies: [], limits: [] },
      {
        ruleIndex: 3,
        matches: [
          {
            ...everything,
            tools: { globs: ["*"], expressions: [] },
            conditions: [{ path: "n", operator: "LessThan", values: [], bound: "5" }],
          },
        ],
        toolPolicies: [],
        limits: [],
      },
    ],
  });
});

t.test("draftMcpRoute() forwards through the engine, with credentials", async (t) => {
  const result = compiled(
    gateway(),
    mcpRoute("m"),
    headerCredential("p", [target("MCPRoute", "m")]),
    secret("key", { token: "t" }),
  );
  t.match(forwardOf(result, "mcp.example"), { credentials: [{ header: "authorization" }] });
  const { engine } = hostPolicy(result, "mcp.example").rules[0] ?? {};
  t.same(engine?.why, ["judges MCP messages"]);
  t.same(structuredClone(engine), engine);
  t.equal(conditionOf(result, label, "Accepted"), "Accepted: Valid and attached");
});

t.test("draftMcpRoute() gives rules the limits that they refer to", async (t) => {
  const policy = object("RateLimitPolicy", "few", { requests: 2, window: "1h" });
  const filters = [{ type: "ExtensionRef", extensionRef: target("RateLimitPolicy", "few") }];
  const route = mcpRoute("m", { rules: [{ filters }, {}] });
  t.match(planOf(route, policy)?.rules, [
    { limits: [{ policy: { name: "few" }, requests: 2 }] },
    { limits: [] },
  ]);
  const missing = compiled(gateway(), route);
  t.same(decisions(hostPolicy(missing, "mcp.example")), ["deny not-enforced MCPRoute m/0"]);
});

t.test("draftMcpRoute() keeps what a LoggingPolicy of every rule asks for", async (t) => {
  const policy = logging("log", { captureRequest: true });
  const logged = { filters: loggedBy("log") };
  const one = compiled(gateway(), mcpRoute("m", { rules: [logged, logged] }), policy);
  t.match(hostPolicy(one, "mcp.example").rules[0]?.engine?.capture, { request: true });
  const two = compiled(gateway(), mcpRoute("m", { rules: [logged, {}] }), policy);
  const plan = hostPolicy(two, "mcp.example").rules[0]?.engine;
  t.equal(plan?.capture, undefined);
  t.match(plan?.why, ["keeps request bodies (LoggingPolicy default/log)", "judges MCP messages"]);
  t.match(plan?.mcp, { isKeptByRule: true, rules: [{ capture: { request: true } }, {}] });
  t.equal(plan?.mcp?.rules[1]?.capture, undefined);
});

t.test("draftMcpRoute() has one query and one sink for the records of all rules", async (t) => {
  const policies = [
    logging("one", { redactQuery: ["a"], sinkRef: "s" }),
    logging("two", { redactQuery: ["b"], sinkRef: "s" }),
    logging("three", { sinkRef: "t" }),
  ];
  const sinks = ["s", "t"].map((name) => ({ name, type: "File" }));
  const compiledWith = (...names: readonly string[]) =>
    compiled(
      gateway({ sinks }),
      mcpRoute("m", { rules: names.map((name) => ({ filters: loggedBy(name) })) }),
      ...policies,
    );
  t.match(gatewayOf(compiledWith("one", "two")).recordRules, [
    { ruleIndex: 0, redactQuery: ["a", "b"], sink: "s" },
  ]);
  t.match(
    conditionOf(compiledWith("one", "three"), label, "Accepted"),
    /^NotEnforced: spec.rules .with LoggingPolicies that name different sinks. is not enforced yet/,
  );
});

t.test("draftMcpRoute() gives rules the sizes that they take", async (t) => {
  const sized = (maxBytes: number) => ({
    type: "RequestSizeLimit",
    requestSizeLimit: { maxBytes },
  });
  const rules = [{ filters: [sized(9), sized(8)] }, {}];
  t.match(planOf(mcpRoute("m", { rules }))?.rules, [{ maxRequestBytes: 8 }, {}]);
});

const refused: readonly (readonly [name: string, rule: object, message: string])[] = [
  [
    "more calls than can be counted",
    { filters: [toolPolicy({ maxCallsPerExecution: 65_536 })] },
    "spec.rules[0].filters[0].toolPolicy.maxCallsPerExecution (more than 65535) is not enforced yet",
  ],
];
for (const [name, rule, message] of refused) {
  t.test(`draftMcpRoute() refuses a route with ${name}`, async (t) => {
    const result = compiled(gateway(), mcpRoute("m", { rules: [rule] }));
    t.same(decisions(hostPolicy(result, "mcp.example")), ["deny not-enforced MCPRoute m/0"]);
    t.equal(conditionOf(result, label, "Accepted"), `NotEnforced: ${message}`);
  });
}

t.test("draftMcpRoute() counts the calls of an execution over all tools", async (t) => {
  const rules = [{ filters: [toolPolicy({ maxCallsPerExecution: 3 })] }];
  t.match(planOf(mcpRoute("m", { rules }))?.rules[0]?.toolPolicies[0]?.limits, [
    {
      tools: { globs: ["*"] },
      limit: { requests: 3, isTotal: true, scope: "PerExecution" },
    },
  ]);
});

const confirming = (confirmation?: object) =>
  toolPolicy({ requireConfirmation: ["a"], ...(confirmation && { confirmation }) });
const webhook = { url: "https://ask.example", signingSecretRef: { name: "s" } };

t.test(
  "draftMcpRoute() says who confirms, and keeps the signing key beside the plan",
  async (t) => {
    const rules = [{ filters: [confirming({ timeout: "5m", webhook })] }];
    const route = mcpRoute("m", { rules });
    const result = compiled(gateway(), secret("s", { token: "key-of-the-webhook" }), route);
    const [rule] = hostPolicy(result, "mcp.example").rules[0]?.engine?.mcp?.rules ?? [];
    t.same(rule?.toolPolicies[0]?.confirmation, {
      timeoutMs: 300_000,
      webhook: { url: "https://ask.example", key: "secret/default/s/token" },
    });
    t.equal(result.credentials.get("secret/default/s/token")?.reveal(), "key-of-the-webhook");
    t.notMatch(JSON.stringify(result.snapshot), "key-of-the-webhook");
  },
);

t.test("draftMcpRoute() refuses what cannot be asked as it is written", async (t) => {
  const missing = compiled(
    gateway(),
    mcpRoute("m", { rules: [{ filters: [confirming({ webhook })] }] }),
  );
  t.match(hostPolicy(missing, "mcp.example").rules[0]?.action, {
    kind: "deny",
    message: /Secret default\/s does not exist/,
  });
  const different = compiled(
    gateway(),
    mcpRoute("m", { rules: [{ filters: [confirming(), confirming({ timeout: "1m" })] }] }),
  );
  t.match(hostPolicy(different, "mcp.example").rules[0]?.action, {
    kind: "deny",
    message: /other than that of another filter/,
  });
});

t.test(
  "draftMcpRoute() leaves other paths to other routes where all servers have one",
  async (t) => {
    const rules = (...servers: readonly string[]) => [{ matches: [{ servers }] }];
    const matchesOf = (spec: object) =>
      hostPolicy(compiled(gateway(), mcpRoute("m", spec)), "mcp.example").rules.map(
        ({ match }) => match.path,
      );
    t.same(matchesOf({ rules: rules("https://mcp.example/mcp", "https://mcp.example/v2/*") }), [
      { kind: "exact", value: "/mcp" },
      { kind: "regex", value: "/v2/(?s:.*)" },
    ]);
    t.same(matchesOf({ rules: rules("https://mcp.example/mcp", "mcp.example") }), [undefined]);
    t.same(matchesOf({ rules: [...rules("https://mcp.example/mcp"), {}] }), [undefined]);
  },
);

t.test("draftMcpRoute() keeps its place in the precedence of named hosts", async (t) => {
  const result = compiled(
    gateway(),
    httpRoute("a", ["mcp.example"], { rules: [{ matches: [{ method: "GET" }] }] }),
    mcpRoute("m"),
    httpRoute("z", ["mcp.example"]),
  );
  t.same(decisions(hostPolicy(result, "mcp.example")), [
    "allow EgressHTTPRoute a/0",
    "allow MCPRoute m/0",
    "allow EgressHTTPRoute z/0",
  ]);
});

t.test("draftMcpRoute() without hosts judges what no other route decides", async (t) => {
  const result = compiled(
    gateway({ defaultPolicy: "allow-all" }),
    mcpRoute("a", { hostnames: [] }),
    httpRoute("z", ["z.example"]),
  );
  t.same(decisions(hostPolicy(result, "z.example")), [
    "allow EgressHTTPRoute z/0",
    "allow MCPRoute a/0",
  ]);
  t.same(decisions(hostPolicy(result, "*")), ["allow MCPRoute a/0"]);
  t.same(statusOf(result, "MCPRoute default/a").problems, [
    "It names no host, so every request that no other route decides must be one to an MCP server",
  ]);
});

t.test("draftMcpRoute() decides nothing where it does not attach", async (t) => {
  const result = compiled(gateway(), mcpRoute("m", { parentRefs: [parent("none")] }));
  t.same(gatewayOf(result).hosts, []);
  t.match(conditionOf(result, "MCPRoute default/m", "Accepted"), /^NoMatchingParent/);
});
