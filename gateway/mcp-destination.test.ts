/** Where executions go: always to the same backend, by weight, and as few as possible elsewhere when backends change. */
import t from "tap";
import { findMcpWay, refuseMcp } from "./mcp-destination.ts";
import type { McpWay } from "./mcp-plan.ts";

const head = { scheme: "https", authority: "mcp.example", target: "/mcp?a=1" };

function way(name: string, changes: Partial<McpWay> = {}): McpWay {
  return {
    pick: `pick-${name}`,
    backend: { kind: "Backend", namespace: "default", name },
    key: `default/${name}:443`,
    weight: 1,
    basePath: "",
    queryCredentials: [],
    ...changes,
  };
}

const find = (ways: readonly McpWay[], execution: string) =>
  findMcpWay({ destinations: [{ servers: [], ways }] }, head, execution)?.backend?.name;
const executions = Array.from({ length: 6_000 }, (_, index) => `execution-${index}`);

t.test("findMcpWay() takes the first destination that is about the server", async (t) => {
  const destinations = [
    { servers: ["https://mcp.example/other"], ways: [way("a")] },
    { servers: ["https://mcp.example/m*"], ways: [way("b")] },
    { servers: ["mcp.example"], ways: [way("c")] },
  ];
  const at = (target: string, authority = head.authority) =>
    findMcpWay({ destinations }, { ...head, target, authority }, "")?.backend?.name;
  t.equal(at("/other"), "a");
  t.equal(at("/mcp?x"), "b");
  t.equal(at("/z"), "c");
  t.equal(at("/z", "other.example"), undefined);
  t.equal(findMcpWay({}, head, ""), undefined);
});

t.test("findMcpWay() deals executions by weight, and each always the same way", async (t) => {
  const ways = [way("a", { weight: 1 }), way("b", { weight: 2 }), way("none", { weight: 0 })];
  const dealt = Map.groupBy(executions, (execution) => find(ways, execution));
  t.same([...dealt.keys()].toSorted(), ["a", "b"]);
  const share = (dealt.get("b")?.length ?? 0) / executions.length;
  t.ok(Math.abs(share - 2 / 3) < 0.03, `${share} of two thirds`);
  for (const execution of executions.slice(0, 100)) {
    t.equal(find(ways.toReversed(), execution), find(ways, execution));
  }
});

t.test("findMcpWay() moves only executions of the backend that goes", async (t) => {
  const ways = [way("a"), way("b"), way("c")];
  const moved = executions.filter((it) => find(ways, it) !== find(ways.slice(0, 2), it));
  t.ok(moved.every((it) => find(ways, it) === "c"));
  const renewed = ways.map((one) => ({ ...one, pick: `${one.pick}-2`, basePath: "/x" }));
  t.ok(executions.slice(0, 500).every((it) => find(renewed, it) === find(ways, it)));
});

t.test("refuseMcp() tells a refusal as a JSON-RPC error", async (t) => {
  const refusal = refuseMcp({ status: 503, reason: "backend-missing", message: "Refused" });
  t.match(refusal, { status: 503, reason: "backend-missing", message: "Refused" });
  t.same(JSON.parse(refusal.body), {
    jsonrpc: "2.0",
    error: { code: -32_013, message: "Refused", data: { reason: "backend-missing" } },
  });
});
