/** Rules whose records differ, and gateways that do not have the sink that a rule names. */
import t from "tap";
import {
  compiled,
  conditionOf,
  decisions,
  gateway,
  hostPolicy,
  httpRoute,
  l4Route,
  loggedBy,
  logging,
} from "./testdata/objects.ts";

const sinks = [{ name: "audit", type: "File" }];
const route = httpRoute("r", ["a.example"], {
  rules: [{}, { filters: loggedBy("plain", "sunk", "quiet") }],
});
const policies = [
  logging("plain", {}),
  logging("sunk", { sinkRef: "audit", redactQuery: ["User"] }),
  logging("quiet", { sinkRef: "other", redactQuery: ["id"] }),
];

t.test("recordRules() gives what rules say of their records, the first sink of each", async (t) => {
  const result = compiled(gateway({ sinks }), route, ...policies);
  const name = { kind: "EgressHTTPRoute", namespace: "default", name: "r" };
  t.same(result.snapshot.gateways[0]?.recordRules, [
    { route: name, ruleIndex: 1, redactQuery: ["id", "user"], sink: "audit" },
  ]);
  t.same(result.snapshot.gateways[0]?.sinks, [{ kind: "file", name: "audit" }]);
});

t.test("recordRules() says nothing where no rule does", async (t) => {
  const result = compiled(gateway(), httpRoute("r", ["a.example"]));
  t.notOk("recordRules" in (result.snapshot.gateways[0] ?? {}));
});

t.test("findUnknownSink() refuses all of a route whose records would go elsewhere", async (t) => {
  const result = compiled(gateway(), route, ...policies);
  t.same(decisions(hostPolicy(result, "a.example")), [
    "deny not-enforced EgressHTTPRoute r/0",
    "deny not-enforced EgressHTTPRoute r/1",
  ]);
  const message =
    'LoggingPolicy default/sunk names sink "audit", and EgressGateway default/egress has none';
  t.equal(
    conditionOf(result, "EgressHTTPRoute default/r", "ResolvedRefs"),
    `SinkNotFound: ${message}`,
  );
});

t.test("findUnknownSink() refuses connections too", async (t) => {
  const rule = { filters: loggedBy("sunk") };
  const connections = l4Route("l", { destinationCIDRs: ["192.0.2.0/24"] }, rule);
  const open = compiled(gateway({ sinks }), connections, ...policies);
  t.equal(open.snapshot.gateways[0]?.l4Rules[0]?.verdict, "allow");
  const closed = compiled(gateway(), connections, ...policies);
  t.match(closed.snapshot.gateways[0]?.l4Rules[0], { verdict: "deny", reason: "not-enforced" });
});

t.test("headers of a sink's receiver stand beside the snapshot", async (t) => {
  const otlp = { endpoint: "https://siem.example", headers: { "X-Key": "hunter2" } };
  const result = compiled(gateway({ sinks: [{ name: "siem", type: "OTLP", otlp }] }));
  t.same(result.snapshot.gateways[0]?.sinks, [
    { kind: "otlp", name: "siem", endpoint: "https://siem.example", headerNames: ["x-key"] },
  ]);
  t.equal(result.credentials.get("sink/default/egress/siem/x-key")?.reveal(), "hunter2");
  t.notMatch(JSON.stringify(result.snapshot), /hunter2/);
});
