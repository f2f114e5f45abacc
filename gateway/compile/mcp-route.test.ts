/** MCPRoutes, of which nothing is enforced yet. */
import t from "tap";
import {
  compiled,
  conditionOf,
  decisions,
  gateway,
  gatewayOf,
  hostPolicy,
  httpRoute,
  object,
  parent,
  statusOf,
} from "./testdata/objects.ts";

function mcpRoute(name: string, spec: object = {}) {
  return object("MCPRoute", name, { parentRefs: [parent()], rules: [{}], ...spec });
}

t.test("draftMcpRoute() refuses its hosts", async (t) => {
  const result = compiled(
    gateway(),
    mcpRoute("m", { hostnames: ["mcp.example", "*.mcp.example"] }),
  );
  for (const host of ["mcp.example", "*.mcp.example"]) {
    t.same(hostPolicy(result, host).rules[0]?.action, {
      kind: "deny",
      status: 403,
      reason: "not-enforced",
      message:
        "Refused because MCPRoute default/m cannot be enforced: MCPRoute is not enforced yet",
    });
  }
  t.equal(
    conditionOf(result, "MCPRoute default/m", "Accepted"),
    "NotEnforced: MCPRoute is not enforced yet",
  );
});

t.test("draftMcpRoute() keeps its place in the precedence of named hosts", async (t) => {
  const result = compiled(
    gateway(),
    httpRoute("a", ["mcp.example"], { rules: [{ matches: [{ method: "GET" }] }] }),
    mcpRoute("m", { hostnames: ["mcp.example"] }),
    httpRoute("z", ["mcp.example"]),
  );
  t.same(decisions(hostPolicy(result, "mcp.example")), [
    "allow EgressHTTPRoute a/0",
    "deny not-enforced MCPRoute m/0",
    "allow EgressHTTPRoute z/0",
  ]);
});

t.test("draftMcpRoute() without hosts refuses what no other route decides", async (t) => {
  const result = compiled(
    gateway({ defaultPolicy: "allow-all" }),
    mcpRoute("a"),
    httpRoute("z", ["z.example"]),
  );
  t.same(decisions(hostPolicy(result, "z.example")), [
    "allow EgressHTTPRoute z/0",
    "deny not-enforced MCPRoute a/0",
  ]);
  t.same(decisions(hostPolicy(result, "*")), ["deny not-enforced MCPRoute a/0"]);
  t.same(statusOf(result, "MCPRoute default/a").problems, [
    "It names no host, so it refuses every request that no other route decides",
  ]);
});

t.test("draftMcpRoute() decides nothing where it does not attach", async (t) => {
  const result = compiled(gateway(), mcpRoute("m", { parentRefs: [parent("none")] }));
  t.same(gatewayOf(result).hosts, []);
  t.match(conditionOf(result, "MCPRoute default/m", "Accepted"), /^NoMatchingParent/);
});
