import t from "tap";
import { encodeMetrics } from "./metrics-text.ts";
import type { EgressRecord } from "./record.ts";
import { httpRecord } from "./testdata/egress-record.ts";
import { readOpenMetrics } from "./testdata/open-metrics.ts";
import { TrafficMetrics } from "./traffic-metrics.ts";

const agent = {
  kind: "Process",
  namespace: "default",
  name: "a",
  uid: "",
  revision: "",
  invocationId: "",
};
const model = {
  operation: "chat",
  requestModel: "asked",
  responseModel: "acme-1",
  responseId: null,
  finishReasons: [],
  stream: false,
  timeToFirstTokenMs: 20,
};
const usage = {
  inputTokens: 1_000,
  outputTokens: 500,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
};
function read(traffic: TrafficMetrics) {
  const families = readOpenMetrics(encodeMetrics(traffic.families(), "openmetrics"));
  return (name: string) =>
    families.get(name)?.samples.map(({ labels, value }) => [...labels.values(), value]);
}

function note(traffic: TrafficMetrics, changes: Partial<EgressRecord>): void {
  traffic.note({ ...httpRecord(), agent, ...changes });
}

t.test("note() counts a record once in each family", async (t) => {
  const traffic = new TrafficMetrics();
  const allow = { verdict: "allow", reason: null, message: null, route: null } as const;
  const deny = { verdict: "deny", reason: "no-rule", message: "x", route: null } as const;
  note(traffic, { decision: allow, provider: "acme", model, usage, cost: "0.004", durationMs: 3 });
  note(traffic, { decision: deny });
  note(traffic, { decision: { ...deny, reason: "invented by somebody" } });
  note(traffic, {
    decision: { ...allow, wouldDeny: { reason: "no-rule", message: "x", route: null } },
  });
  const samples = read(traffic);
  t.strictSame(samples("clrk_requests"), [
    ["allow", "", "native", "http", 1],
    ["deny", "no-rule", "native", "http", 1],
    ["deny", "other", "native", "http", 1],
    ["audit", "no-rule", "native", "http", 1],
  ]);
  t.strictSame(samples("clrk_agent_requests"), [
    ["Process/default/a", "allow", 1],
    ["Process/default/a", "deny", 2],
    ["Process/default/a", "audit", 1],
  ]);
  t.strictSame(samples("clrk_model_cost_dollars"), [["acme", "acme-1", 0.004]]);
  t.strictSame(samples("clrk_model_tokens")?.slice(0, 2), [
    ["acme", "acme-1", "input", 1_000],
    ["acme", "acme-1", "output", 500],
  ]);
  t.strictSame(samples("clrk_time_to_first_token_seconds")?.at(-1), ["acme", 0.02]);
  t.strictSame(
    samples("clrk_request_duration_seconds")?.find(([, bound]) => bound === "0.0025")?.[2],
    0,
  );
});

t.test(
  "note() gives models that no provider answered for no place, and those without a price no cost",
  async (t) => {
    const traffic = new TrafficMetrics();
    for (let name = 0; name < 1_000; name++) {
      note(traffic, {
        provider: "acme",
        model: { ...model, responseModel: `m${name}` },
        usage: null,
      });
    }
    t.strictSame(read(traffic)("clrk_model_tokens"), []);
    note(traffic, { provider: "acme", model, usage, cost: null });
    t.strictSame(read(traffic)("clrk_model_cost_dollars"), [["acme", "acme-1", 0]]);
    t.strictSame(read(traffic)("clrk_model_unpriced_calls"), [["acme", "acme-1", 1]]);
  },
);
