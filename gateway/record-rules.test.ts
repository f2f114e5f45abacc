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
  rules.publish([gatewaySnapshot({ name: "egress", recordRules: [rule] })]);
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
    rules.publish([gatewaySnapshot({ name: "egress", recordRules: [rule, other] })]);
    rules.publish([gatewaySnapshot({ name: "egress", hosts: [], l4Rules: [] })]);
    t.same(rules.find(recordOf(1)), rule);
  },
);

t.test("publish() forgets what a rule that is still there does not say any more", async (t) => {
  const rules = new RecordRules();
  const l4Rules = [
    { route, ruleIndex: 1, cidrs: [], hosts: [], ports: [], verdict: "allow" },
  ] as const;
  rules.publish([gatewaySnapshot({ name: "egress", recordRules: [rule, other], l4Rules })]);
  rules.publish([gatewaySnapshot({ name: "egress", recordRules: [other], l4Rules })]);
  t.equal(rules.find(recordOf(1)), undefined);
  t.same(rules.find(recordOf(2)), other);
});

t.test("withoutParameters() takes out values by name, and changes nothing else", async (t) => {
  const { request } = recordOf(1);
  const record = { ...recordOf(1), request: { ...request, query: "user=alice&id=7" } };
  t.equal(withoutParameters(record, rule).request.query, "user=[redacted]&id=7");
  t.equal(withoutParameters(record, { ...rule, redactQuery: [] }), record);
  t.equal(withoutParameters(record, { ...rule, redactQuery: ["none"] }), record);
});
