/**
 * Parent's side of the load clients: starts them, lets all of them warm up before any measures,
 * and adds up what they found.
 */
import { fileURLToPath } from "node:url";
import type { Program } from "./child-process.ts";
import { startProgram } from "./child-process.ts";
import type { Histogram } from "./histogram.ts";
import { mergeHistograms } from "./histogram.ts";
import { isClientReport } from "./workload.ts";
import type { ClientCommand, ClientReport, FailureKind, LoadResult, Workload } from "./workload.ts";

/** Sum of what all load clients measured in one run. */
export interface LoadTotal {
  readonly requests: number;
  readonly failures: ReadonlyMap<FailureKind, number>;
  /** Sum of `failures` */
  readonly failed: number;
  readonly firstFailure: string | undefined;
  /** Longest run of a client, in `ms` */
  readonly elapsedMs: number;
  /** All clients' own CPU time, in `µs` */
  readonly cpuMicros: number;
  readonly latency: Histogram;
}

/** Running load clients. */
export interface LoadClients {
  readonly pids: readonly number[];
  /** Connects and warms up all of them; rejects when one cannot send a single request. */
  prepare(workloads: readonly Workload[]): Promise<void>;
  /** Runs what was prepared, on all of them at once. */
  run(): Promise<LoadTotal>;
  /** Ends the processes. Idempotent. */
  close(): Promise<void>;
}

/** Starts `count` client processes. */
export async function startLoadClients(count: number): Promise<LoadClients> {
  const file = fileURLToPath(new URL("./client.ts", import.meta.url));
  const programs = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      startProgram({
        name: `load client ${index}`,
        command: [process.execPath, file],
        ipc: "json",
      }),
    ),
  );
  return {
    pids: programs.map((program) => program.pid),
    async prepare(workloads) {
      if (workloads.length !== programs.length) {
        const { length } = programs;
        throw new RangeError(
          `Cannot prepare ${length} load clients: received ${workloads.length} workloads`,
        );
      }
      const asked = programs.map((program, index) => {
        const workload = workloads[index];
        return workload === undefined ? undefined : ask(program, { kind: "prepare", workload });
      });
      await Promise.all(asked);
    },
    async run() {
      const reports = await Promise.all(programs.map((program) => ask(program, { kind: "go" })));
      return addUp(reports.flatMap((report) => (report.kind === "done" ? [report.result] : [])));
    },
    async close() {
      await Promise.all(programs.map((program) => program.stop()));
    },
  };
}

/** One total of several clients' results. */
export function addUp(results: readonly LoadResult[]): LoadTotal {
  const failures = new Map<FailureKind, number>();
  for (const result of results) {
    for (const kind of failureKinds) {
      const more = result.failures[kind] ?? 0;
      if (more > 0) failures.set(kind, (failures.get(kind) ?? 0) + more);
    }
  }
  return {
    requests: results.reduce((sum, result) => sum + result.requests, 0),
    failures,
    failed: [...failures.values()].reduce((sum, more) => sum + more, 0),
    firstFailure: results.find((result) => result.firstFailure !== undefined)?.firstFailure,
    elapsedMs: Math.max(0, ...results.map((result) => result.elapsedMs)),
    cpuMicros: results.reduce((sum, result) => sum + result.cpuMicros, 0),
    latency: mergeHistograms(results.map((result) => result.latency)),
  };
}

const failureKinds = [
  "connect",
  "proxy-status",
  "tls",
  "status",
  "closed",
  "timeout",
  "protocol",
] as const satisfies readonly FailureKind[];

function ask(program: Program, command: ClientCommand): Promise<ClientReport> {
  return new Promise((resolve, reject) => {
    const { child } = program;
    const settle = (end: () => void) => {
      child.off("message", onMessage);
      child.off("exit", onExit);
      end();
    };
    const onMessage = (message: unknown) => {
      if (!isClientReport(message)) return;
      settle(() => {
        if (message.kind === "error") reject(new Error(message.message));
        else resolve(message);
      });
    };
    const onExit = () => {
      settle(() => reject(new Error(`Cannot ask load client: it ended: ${program.output()}`)));
    };
    child.on("message", onMessage);
    child.once("exit", onExit);
    child.send(command);
  });
}
