/** Tests what is known of a run by its invocation. */
import t from "tap";
import { invocationObject } from "./invocations/invocation-object.ts";
import { invocationEvent, invocationId } from "./invocations/testdata/invocation-event.ts";
import { runProgress } from "./run-progress.ts";

function invocationOf(...events: readonly ReturnType<typeof invocationEvent>[]) {
  const agent = { kind: "Process", namespace: "default", name: "writer", uid: "" };
  const state = { id: invocationId(1), agent, events };
  return invocationObject({ state, usage: undefined, revision: 1 });
}

t.test("a run has ended where somebody saw its end", async (t) => {
  const running = invocationEvent(1, "Running");
  const failed = (reason: string) => invocationEvent(1, "Failed", { reason });
  t.same(runProgress(undefined), { kind: "unknown" });
  t.same(runProgress(invocationOf(running)), { kind: "running" });
  t.same(runProgress(invocationOf(running, failed("ExitCode"))), {
    kind: "ended",
    endMs: failed("").atUnixMs,
  });
  for (const reason of ["GatewayGone", "NotHeard"]) {
    t.same(runProgress(invocationOf(running, failed(reason))), { kind: "running" }, reason);
  }
});
