/** Runs as invocations of a process: what is told of one when it is registered, begins and ends. */

import type { InvocationEvent } from "./invocation-event.ts";
import type { Run } from "./run.ts";

/** How a run ended. */
export type RunEnd =
  | { readonly kind: "exited"; readonly exitCode: number }
  /** Nobody said how: whoever started it is gone */
  | { readonly kind: "unknown" }
  /** The gateway stops before the command does */
  | { readonly kind: "gateway-stopped" };

/** A run that is over, with what the gateway counted of it. */
export interface EndedRun {
  readonly run: Run;
  /** `Succeeded` or `Failed` */
  readonly event: InvocationEvent;
  readonly requests: number;
  readonly denied: number;
}

/** The run has an identity, or its command has begun. */
export function runEvent(
  run: Run,
  phase: "Dispatched" | "Running",
  atUnixMs: number,
): InvocationEvent {
  return { ...common(run, atUnixMs), phase, exitCode: null, reason: "", message: "" };
}

/** The run is over: it succeeded where the command ended with 0, and failed however else it ended. */
export function runEndEvent(run: Run, end: RunEnd, atUnixMs: number): InvocationEvent {
  const told = common(run, atUnixMs);
  switch (end.kind) {
    case "exited": {
      const { exitCode } = end;
      if (exitCode === 0) return { ...told, phase: "Succeeded", exitCode, reason: "", message: "" };
      const message = `The command ended with exit code ${exitCode}`;
      return { ...told, phase: "Failed", exitCode, reason: "ExitCode", message };
    }
    case "unknown": {
      const message = "The command is gone, and nobody told how it ended";
      return { ...told, phase: "Failed", exitCode: null, reason: "ExitUnknown", message };
    }
    case "gateway-stopped": {
      const message = "The gateway stopped before the command ended";
      return { ...told, phase: "Failed", exitCode: null, reason: "GatewayStopped", message };
    }
  }
}

function common(run: Run, atUnixMs: number) {
  const { kind, namespace, name, uid } = run.agent;
  return {
    id: run.invocationId,
    atUnixMs,
    agent: { kind, namespace, name, uid },
    trigger: { type: "CLI", source: "clrk run" },
    audiences: [],
    root: run.root,
    gateways: [run.gateway],
  } as const;
}
