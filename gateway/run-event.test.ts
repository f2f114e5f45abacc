import t from "tap";
import { runEndEvent, runEvent } from "./run-event.ts";
import { registeredRun } from "./testdata/run.ts";

const run = registeredRun();

t.test("a run is an invocation of a process, with its root span", async (t) => {
  t.strictSame(runEvent(run, "Running", 7), {
    id: run.invocationId,
    phase: "Running",
    atUnixMs: 7,
    agent: { kind: "Process", namespace: "default", name: "researcher", uid: "run-1" },
    trigger: { type: "CLI", source: "clrk run" },
    audiences: [],
    root: run.root,
    exitCode: null,
    reason: "",
    message: "",
    gateways: [run.gateway],
  });
});

t.test("how a run ends says whether it succeeded", async (t) => {
  const endOf = (end: Parameters<typeof runEndEvent>[1]) => {
    const { phase, exitCode, reason } = runEndEvent(run, end, 7);
    return [phase, exitCode, reason];
  };
  t.strictSame(endOf({ kind: "exited", exitCode: 0 }), ["Succeeded", 0, ""]);
  t.strictSame(endOf({ kind: "exited", exitCode: 137 }), ["Failed", 137, "ExitCode"]);
  t.strictSame(endOf({ kind: "unknown" }), ["Failed", null, "ExitUnknown"]);
  t.strictSame(endOf({ kind: "gateway-stopped" }), ["Failed", null, "GatewayStopped"]);
});
