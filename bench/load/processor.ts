/** What the benchmark `extproc` needs of an ext_proc server that it measures. Types only. */
import type { Availability } from "./contender.ts";

/** How a server has to be started. */
export interface ProcessorStart {
  /** Empty directory of this start, short enough for sockets, removed afterwards */
  readonly directory: string;
  /** Threads that it may compute on */
  readonly threads: number;
}

/** A started ext_proc server. */
export interface RunningProcessor {
  /** Unix sockets on which it serves */
  readonly sockets: readonly string[];
  /** The process to account, with all its threads and children */
  readonly pid: number;
  /** Access log that Envoy has to write for it */
  readonly accessLog?: { readonly path: string; readonly format: string };
  /** What it says that it did since the start; absent for one that keeps no account */
  counts?(): Promise<ProcessorCounts>;
  /** Ends the process. Idempotent. */
  stop(): Promise<void>;
}

/** Proof that a server did what it is measured for. */
export interface ProcessorCounts {
  /** Transactions that it handed over facts of */
  readonly transactions: number;
  /** Those among them with tokens read from the answer */
  readonly metered: number;
  /** Records written */
  readonly records: number;
  /** Records with tokens: the facts were joined with the access log */
  readonly meteredRecords: number;
}

/** One contender: an ext_proc server, or none. */
export interface ProcessorContender {
  readonly name: string;
  /** What stands before the upstream: Envoy with the server, Envoy alone, or nothing */
  readonly path: "processor" | "envoy" | "direct";
  /** Looks for what it needs, without starting it. */
  find(): Promise<Availability>;
  /** Starts it and resolves when it listens; undefined where there is no server to start. */
  start(options: ProcessorStart): Promise<RunningProcessor | undefined>;
}
