/** Tests of one replay of records, by policies of one rule. */
import t from "tap";
import type { EgressRecord } from "../../../gateway/record.ts";
import { parseManifests } from "../../../gateway/manifests.ts";
import { engineRecord } from "../testdata/recorded.ts";
import { runPlan } from "./plan-run.ts";
import { PolicySide } from "./policy-side.ts";

const apiVersion = "clrk.apoxy.dev/v1alpha1";

function side(models: readonly string[], gateway = "egress"): PolicySide {
  const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: gateway }];
  const listeners = [{ name: "tls", protocol: "TLS", tls: { mode: "Terminate" } }];
  const rules = [{ matches: [{ provider: "openai", models }] }];
  const items = [
    {
      apiVersion,
      kind: "EgressGateway",
      metadata: { name: gateway },
      spec: { listeners, explicitProxy: {} },
    },
    {
      apiVersion,
      kind: "AIProviderRoute",
      metadata: { name: "openai" },
      spec: { parentRefs, rules },
    },
  ];
  const { objects } = parseManifests(
    "test",
    JSON.stringify({ apiVersion: "v1", kind: "List", items }),
  );
  const parsed = objects.map(({ object }) => object);
  return new PolicySide(parsed, { prices: [], addresses: [] });
}

async function* given(records: readonly EgressRecord[]) {
  yield* records;
}

const records = ["a", "b"].map((id) => engineRecord({ id, credential: null }));
const common = { gateway: undefined, seed: 1, onProgress: () => {} };

t.test("runPlan() counts what differs, what does not, and what it was about", async (t) => {
  const told: number[] = [];
  const summary = await runPlan({
    ...common,
    records: given(records),
    changed: side(["gpt-4o"]),
    against: side(["gpt-5"]),
    onProgress: (count) => told.push(count),
  });
  t.match(summary, {
    records: 2,
    same: 0,
    otherGateways: 0,
    differences: [{ kind: "denied", count: 2 }],
  });
  t.equal(summary.from, records[0]?.time);
  t.same(told, [2]);
});

t.test("runPlan() leaves out what another gateway did", async (t) => {
  const sides = { changed: side(["gpt-5"], "other"), against: side(["gpt-5"]) };
  const all = await runPlan({ ...common, ...sides, records: given(records) });
  t.match(all, { records: 2, same: 0, otherGateways: 2, differences: [] });
  const none = await runPlan({ ...common, ...sides, records: given(records), gateway: "other" });
  t.match(none, { records: 0, from: null });
});

t.test("PolicySide names its gateways, and what is wrong with its objects", async (t) => {
  const one = side(["gpt-5"]);
  t.same(one.gateways, ["default/egress"]);
  t.ok(one.statuses.length >= 2);
  t.equal(one.decide(engineRecord({ gateway: { namespace: "x", name: "y" } })), undefined);
});
