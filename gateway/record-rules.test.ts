/** What rules say of their records once those are made. */
import t from "tap";
import { RecordRules, withoutParameters } from "./record-rules.ts";
import type { RecordRule } from "./snapshot.ts";
import { httpRecord } from "./testdata/egress-record.ts";
import { gatewaySnapshot } from "./testdata/gateway-snapshot.ts";

const route = { kind: "EgressHTTPRoute", namespace: "default", name: "r" };
const rule: RecordRule = { route, ruleIndex: 1, redactQuery: ["user"], sink: "audit" };
const other = { ...rule, ruleIndex: 2 };

function recordOf(ruleIndex: number | null, gateway = "egress") {
  return httpRecord({
    gateway: { namespace: "default", name: gateway },
    decision: {
      verdict: "allow",
      reason: null,
      message: null,
      route: ruleIndex === null ? null : { ...route, rule: ruleIndex },
    },
  });
}

t.test("find() tells rules, gateways and records without a rule apart", async (t) => {
  const rules = new RecordRules();
  t.equal(rules.find(recordOf(1)), undefined);
  rules.publish([gatewaySnapshot({ name: "egress", recordRules: [rule] })], 0);
  t.same(rules.find(recordOf(1)), rule);
  t.equal(rules.find(recordOf(0)), undefined);
  t.equal(rules.find(recordOf(null)), undefined);
  const wouldDeny = { reason: "mcp-denied", message: "No", route: { ...route, rule: 1 } };
  const audited = recordOf(null);
  t.same(rules.find({ ...audited, decision: { ...audited.decision, wouldDeny } }), rule);
  t.equal(rules.find(recordOf(1, "other")), undefined);
});

t.test(
  "publish() remembers rules that are gone, for records that were begun under them",
  async (t) => {
    const rules = new RecordRules();
    rules.publish([gatewaySnapshot({ name: "egress", recordRules: [rule, other] })], 0);
    rules.publish([gatewaySnapshot({ name: "egress", hosts: [], l4Rules: [] })], 0);
    t.same(rules.find(recordOf(1)), rule);
  },
);

t.test("find() goes by what a rule said when the record began", async (t) => {
  const l4Rules = [1, 2].map(
    (ruleIndex) =>
      ({ route, ruleIndex, cidrs: [], hosts: [], ports: [], verdict: "allow" }) as const,
  );
  const rules = new RecordRules();
  const say = (recordRules: readonly RecordRule[], nowMs: number) =>
    rules.publish([gatewaySnapshot({ name: "egress", recordRules, l4Rules })], nowMs);
  const sinkAt = (startUnixMs: number) => rules.find({ ...recordOf(1), startUnixMs })?.sink;
  say([rule], 0);
  // A rule was put before it: what was the first of the route is the second, and the first says nothing.
  say([{ ...rule, ruleIndex: 2 }], 1_000_000);
  t.equal(sinkAt(999_999), "audit", "begun before");
  t.equal(sinkAt(1_000_001), "audit", "begun while Envoy may not have the change yet");
  t.equal(sinkAt(1_100_000), undefined, "begun afterwards");
  say([{ ...rule, redactQuery: ["id"], sink: "other" }], 2_000_000);
  t.equal(sinkAt(999_999), "audit");
  t.equal(sinkAt(1_900_000), undefined);
  t.equal(sinkAt(2_000_001), "other");
  say([{ ...rule, redactQuery: ["name"] }], 3_000_000);
  const { redactQuery } = rules.find({ ...recordOf(1), startUnixMs: 3_000_001 }) ?? {};
  t.same(redactQuery?.toSorted(), ["id", "name"], "of two that it may be, both");
});

t.test("withoutParameters() takes out values by name, and changes nothing else", async (t) => {
  const { request } = recordOf(1);
  const record = { ...recordOf(1), request: { ...request, query: "user=alice&id=7" } };
  t.equal(withoutParameters(record, rule).request.query, "user=[redacted]&id=7");
  t.equal(withoutParameters(record, { ...rule, redactQuery: [] }), record);
  t.equal(withoutParameters(record, { ...rule, redactQuery: ["none"] }), record);
});
