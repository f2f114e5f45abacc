/** Unit tests of the cases: shares of several clients and who sends the credential. */
import t from "tap";
import { benchAuthorization, benchCases } from "./cases.ts";
import type { CaseStart } from "./cases.ts";
import { serverNamesOf } from "./workload.ts";
import type { WorkloadPlan } from "./workload.ts";

const options = { seconds: 4, names: 1_001, connections: 16 };
const start: CaseStart = {
  injectsCredential: false,
  namePrefix: "p",
};

function workload(
  name: string,
  more: Partial<CaseStart> = {},
  share = { index: 0, count: 1 },
): WorkloadPlan {
  const found = benchCases.find((benchCase) => benchCase.name === name);
  if (found === undefined) throw new RangeError(`Cannot find case "${name}"`);
  return found.workload(options, { ...start, ...more }, share);
}

t.test("workload() of mitm-cold shares names between clients without overlap", async (t) => {
  const first = workload("mitm-cold", {}, { index: 0, count: 2 });
  const second = workload("mitm-cold", {}, { index: 1, count: 2 });
  t.match(first, { kind: "cold", prefix: "p-0-", names: 501, connections: 1 });
  t.match(second, { kind: "cold", prefix: "p-1-", names: 501 });
});

t.test("workload() of mitm-keepalive divides connections", async (t) => {
  t.match(workload("mitm-keepalive"), {
    kind: "keepalive",
    connections: 16,
    durationMs: 4_000,
    warmUpMs: 1_000,
    request: { bodyBytes: 2_048, path: "/v1/messages", headers: [] },
  });
  t.match(workload("mitm-keepalive", {}, { index: 0, count: 64 }), { connections: 1 });
});

t.test(
  "workload() of native sends the credential only for a contender that does not",
  async (t) => {
    const headers = [`authorization: ${benchAuthorization}`];
    const path = "/credential-required/v1/messages";
    t.match(workload("native"), { request: { headers, path } });
    t.same(workload("native", { injectsCredential: true }).request.headers, []);
  },
);

t.test("serverNamesOf() knows every name before it is asked for", async (t) => {
  const cold = serverNamesOf(workload("mitm-cold"));
  t.equal(cold.length, 1_101);
  t.equal(new Set(cold).size, cold.length);
  t.equal(cold[0], "p-0-0.bench.test");
  t.equal(serverNamesOf(workload("native")).length, 4);
});
