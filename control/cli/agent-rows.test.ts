/** Tests of putting agents together from objects, invocations and runs. */
import t from "tap";
import { agentRows, usageCells, usageJson } from "./agent-rows.ts";
import type { StoredObject } from "./stored-object.ts";

function invocation(
  parent: { kind: string; name: string },
  at: string,
  usage: object = {},
): StoredObject {
  return {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "Invocation",
    metadata: { name: `id-${at}`, namespace: "default", creationTimestamp: at },
    spec: { parentRef: parent, trigger: { type: "Run" } },
    status: { phase: "Succeeded", startTime: at, completionTime: at, usage },
  };
}

const researcher = { kind: "Process", name: "researcher" };
const run = {
  namespace: "default",
  agent: "researcher",
  since: "2026-11-24T00:00:09Z",
  requests: 7,
  denied: 1,
};
const task: StoredObject = {
  apiVersion: "clrk.apoxy.dev/v1alpha1",
  kind: "TaskAgent",
  metadata: { name: "summary", namespace: "default" },
  status: { activeExecutions: 2 },
};

t.test("agentRows() sums what invocations used, and shows agents without any", (t) => {
  const used = {
    requests: 2,
    denials: 1,
    inputTokens: 10,
    outputTokens: 5,
    cost: "0.0125",
    unpriced: 0,
  };
  const rows = agentRows({
    objects: [task],
    invocations: [
      invocation(researcher, "2026-11-24T00:00:01Z", used),
      invocation(researcher, "2026-11-24T00:00:05Z", { ...used, unpriced: 3 }),
    ],
    runs: [],
  });
  t.match(rows, [
    { name: "researcher", kind: "Process", phase: "Succeeded", lastSeen: "2026-11-24T00:00:05Z" },
    { name: "summary", kind: "TaskAgent", phase: "Running", lastSeen: "" },
  ]);
  t.same(usageCells(rows[0]?.usage), ["4", "20 → 10", "$0.025+?", "2"]);
  t.same(usageCells(rows[1]?.usage), ["0", "0 → 0", "$0.00", "0"]);
  t.same(usageJson(rows[0]?.usage), {
    requests: 4,
    denials: 2,
    inputTokens: 20,
    outputTokens: 10,
    unpriced: 3,
    cost: "0.025",
  });
  t.end();
});

t.test(
  "agentRows() takes a gateway's counts where there are no invocations, and invents none",
  (t) => {
    const rows = agentRows({ objects: [task], invocations: undefined, runs: [run, run] });
    t.match(rows, [
      { name: "researcher", phase: "Running", lastSeen: run.since },
      { name: "summary" },
    ]);
    t.same(usageCells(rows[0]?.usage), ["14", "-", "-", "2"]);
    t.same(usageCells(rows[1]?.usage), ["-", "-", "-", "-"]);
    t.same(usageJson(rows[0]?.usage), { requests: 14, denials: 2 });
    t.equal(usageJson(rows[1]?.usage), undefined);
    t.end();
  },
);

t.test("agentRows() counts a run once where invocations count it", (t) => {
  const used = invocation(researcher, "2026-11-24T00:00:01Z", { requests: 7, cost: "odd" });
  const [row] = agentRows({ objects: [], invocations: [used], runs: [run] });
  t.match(row, { phase: "Running", usage: { requests: 7, models: { microDollars: 0 } } });
  t.end();
});
