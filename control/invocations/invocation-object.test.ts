import t from "tap";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import { invocationObject } from "./invocation-object.ts";
import type { InvocationState } from "./invocation-state.ts";
import { addEvent } from "./invocation-state.ts";
import { sumUsage } from "./invocation-usage.ts";
import { invocationEvent, invocationId } from "./testdata/invocation-event.ts";

function stateOf(...events: InvocationEvent[]): InvocationState {
  let state: InvocationState | undefined;
  for (const event of events) {
    const outcome = addEvent(state, event);
    if (outcome.kind === "changed") state = outcome.state;
  }
  if (state === undefined) throw new Error("no events");
  return state;
}

t.test("a finished invocation has its times, its trace, its usage and its exit code", async (t) => {
  const root = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
  const counts = { requests: 2, denials: 0, inputTokens: 100, outputTokens: 20 };
  const usage = sumUsage([{ model: "m", ...counts, microDollars: 42, unpriced: 1 }]);
  const state = stateOf(
    invocationEvent(1, "Dispatched", { root, audiences: ["me"] }),
    invocationEvent(1, "Running", { atUnixMs: Date.UTC(2026, 0, 2, 3, 1, 2, 250) }),
    invocationEvent(1, "Failed", { exitCode: 3, reason: "ExitCode", message: "It ended with 3" }),
  );
  const status = { requests: 2, denials: 0, inputTokens: 100, outputTokens: 20 };
  t.strictSame(invocationObject({ state, usage, revision: 7 }), {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "Invocation",
    metadata: {
      name: invocationId(1),
      namespace: "default",
      uid: invocationId(1),
      resourceVersion: "7",
      creationTimestamp: "2026-01-02T03:01:01Z",
      labels: { "clrk.apoxy.dev/agent": "writer", "clrk.apoxy.dev/agent-kind": "TaskAgent" },
      ownerReferences: [
        {
          apiVersion: "clrk.apoxy.dev/v1alpha1",
          kind: "TaskAgent",
          name: "writer",
          uid: "uid-writer",
        },
      ],
    },
    spec: {
      parentRef: { kind: "TaskAgent", name: "writer" },
      trigger: { type: "HTTP", source: "ingress" },
      identity: { audiences: ["me"] },
    },
    status: {
      phase: "Failed",
      startTime: "2026-01-02T03:01:02.250000Z",
      completionTime: "2026-01-02T03:01:03.000000Z",
      exitCode: 3,
      trace: { traceID: root.traceId, rootSpanID: root.spanId },
      usage: {
        ...{ ...status, cost: "0.000042", unpriced: 1 },
        models: [{ model: "m", ...status, cost: "0.000042", unpriced: 1 }],
      },
      conditions: [
        {
          type: "Complete",
          status: "True",
          reason: "ExitCode",
          message: "It ended with 3",
          lastTransitionTime: "2026-01-02T03:01:03Z",
        },
      ],
    },
  });
});

t.test("one that runs is not complete, and what is not known is left out", async (t) => {
  const agent = { kind: "Process", namespace: "default", name: "writer", uid: "run-1" };
  const trigger = { type: "CLI", source: "" } as const;
  const state = stateOf(invocationEvent(1, "Dispatched", { agent, trigger }));
  const object = invocationObject({ state, usage: undefined, revision: 1 });
  t.notOk("ownerReferences" in object.metadata, "a process is no object");
  t.strictSame(object.spec, {
    parentRef: { kind: "Process", name: "writer" },
    trigger: { type: "CLI" },
  });
  t.strictSame(Object.keys(object.status), ["phase", "conditions"]);
  t.match(object.status.conditions, [{ status: "False", reason: "Dispatched" }]);
});
