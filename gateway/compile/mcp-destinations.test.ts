/** Which backends serve which MCP servers, and which combinations a session could not live with. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import {
  backend,
  backendRef,
  compiled,
  conditionOf,
  decisions,
  gateway,
  hostPolicy,
  object,
  parent,
} from "./testdata/objects.ts";

const label = "MCPRoute default/m";

function compiledRoute(rules: readonly object[], ...objects: readonly ParsedObject[]) {
  const spec = { parentRefs: [parent()], hostnames: ["mcp.example"], rules };
  return compiled(gateway(), object("MCPRoute", "m", spec), ...objects);
}

function destinationsOf(rules: readonly object[], ...objects: readonly ParsedObject[]) {
  const { rules: placed } = hostPolicy(compiledRoute(rules, ...objects), "mcp.example");
  return placed.find(({ engine }) => engine?.mcp)?.engine?.mcp?.destinations;
}

const about = (servers: readonly string[], ...refs: readonly object[]) => ({
  matches: [{ servers }],
  backendRefs: refs,
});
const [one, two] = [backend("one", "one.example"), backend("two", "two.example")];

t.test("resolveDestinations() says nothing where no rule names a backend", async (t) => {
  t.equal(destinationsOf([about(["a.example"])]), undefined);
});

t.test("resolveDestinations() joins rules with the same backends", async (t) => {
  const found = destinationsOf(
    [
      about(["https://mcp.example/a"], backendRef("one")),
      about(["https://mcp.example/b"], backendRef("two", { weight: 3, port: 8443 })),
      about(["https://mcp.example/a2", "https://mcp.example/a"], backendRef("one")),
      about(["https://mcp.example/c"]),
    ],
    one,
    two,
  );
  t.match(found, [
    {
      servers: ["https://mcp.example/a", "https://mcp.example/a2"],
      ways: [{ backend: { name: "one" }, key: "default/one:443", weight: 1 }],
    },
    {
      servers: ["https://mcp.example/b"],
      ways: [{ backend: { name: "two" }, key: "default/two:8443", weight: 3 }],
    },
    { servers: ["https://mcp.example/c"], ways: [{ backend: null }] },
  ]);
});

t.test("resolveDestinations() takes a rule without servers for one about all", async (t) => {
  t.match(destinationsOf([{ backendRefs: [backendRef("one")] }], one), [{ servers: [] }]);
  const both = [about([], backendRef("one")), about(["mcp.example"], backendRef("one"))];
  t.match(destinationsOf(both, one), [{ servers: [] }]);
});

const refused: readonly (readonly [string, readonly object[], readonly ParsedObject[], string])[] =
  [
    [
      "two backends for one server",
      [
        about(["https://mcp.example/*"], backendRef("one")),
        about(["mcp.example"], backendRef("two")),
      ],
      [one, two],
      "spec.rules[1].backendRefs (other than those of rules[0], which may be about the same server: a session would be torn between them, so give servers of their own to both) is not enforced yet",
    ],
    [
      "a backend for one rule of a server alone",
      [{ backendRefs: [backendRef("one")] }, {}],
      [one],
      "spec.rules[1].backendRefs (other than those of rules[0], which may be about the same server: a session would be torn between them, so give servers of their own to both) is not enforced yet",
    ],
    [
      "a priority",
      [{ backendRefs: [backendRef("one", { priority: 1 })] }],
      [one],
      "spec.rules[0].backendRefs[0].priority is not enforced yet",
    ],
    [
      "a model provider",
      [{ backendRefs: [backendRef("llm")] }],
      [backend("llm", "llm.example", { schema: { name: "openai" } })],
      "spec.rules[0].backendRefs (Backend default/llm speaks openai, and no MCP) is not enforced yet",
    ],
    [
      "model rewrites",
      [{ backendRefs: [backendRef("llm")] }],
      [backend("llm", "llm.example", { modelRewrites: [{ from: "*", to: "a" }] })],
      "spec.rules[0].backendRefs (Backend default/llm with modelRewrites) is not enforced yet",
    ],
  ];
for (const [name, rules, objects, message] of refused) {
  t.test(`resolveDestinations() refuses ${name}`, async (t) => {
    const result = compiledRoute(rules, ...objects);
    t.same(decisions(hostPolicy(result, "mcp.example")), ["deny not-enforced MCPRoute m/0"]);
    t.equal(conditionOf(result, label, "Accepted"), `NotEnforced: ${message}`);
  });
}

t.test("resolveDestinations() refuses a server none of whose backends can serve", async (t) => {
  for (const [reference, message] of [
    [backendRef("none"), /Backend default\/none does not exist/],
    [backendRef("one", { weight: 0 }), /all of its backends have weight 0/],
  ] as const) {
    const result = compiledRoute([{ backendRefs: [reference] }], one);
    t.match(hostPolicy(result, "mcp.example").rules[0]?.action, {
      kind: "deny",
      status: 503,
      reason: "backend-missing",
      message,
    });
  }
  const some = [about(["a.example"], backendRef("none")), about(["b.example"], backendRef("one"))];
  t.match(destinationsOf(some, one), [
    { ways: [{ refusal: { status: 503, reason: "backend-missing" } }] },
    { ways: [{ backend: { name: "one" } }] },
  ]);
  t.match(conditionOf(compiledRoute(some, one), label, "ResolvedRefs"), /^BackendNotFound/);
});
