/**
 * One contender of `extproc` as it is measured: the server, an Envoy with one worker before it, and what both of them
 * count. Every start is fresh.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { envoyBinary } from "../compare/envoy-binary.ts";
import { exchanges, extProcBootstrap } from "../compare/ext-proc-config.ts";
import type { BenchRoute, Exchange } from "../compare/ext-proc-config.ts";
import { startPlainEnvoy } from "../compare/plain-envoy.ts";
import type { PlainEnvoy } from "../compare/plain-envoy.ts";
import type { ProcessorContender, RunningProcessor } from "./processor.ts";

/** What a start needs. */
export interface StandOptions {
  readonly contender: ProcessorContender;
  readonly threads: number;
  readonly upstream: { readonly host: string; readonly port: number };
  readonly routes: readonly BenchRoute[];
  /** Directory that does not exist yet; removed at the end */
  readonly directory: string;
}

/** A started contender with what stands before it. */
export interface Stand {
  readonly processor: RunningProcessor | undefined;
  readonly envoyPid: number | undefined;
  /** Where a client asks so that Envoy tells the server of these phases */
  target(exchange: Exchange): { readonly host: string; readonly port: number };
  /** Envoy's own account of the filter since it started; undefined without the filter */
  filterCounts(): Promise<FilterCounts | undefined>;
  /** Ends what was started and removes the directory. Idempotent. */
  stop(): Promise<void>;
}

/** How often Envoy's filter asked, and how that went. */
export interface FilterCounts {
  readonly streams: number;
  /** Messages that Envoy sent and received */
  readonly sent: number;
  readonly received: number;
  /** Streams that failed, refusals, time-outs and answers that Envoy did not understand */
  readonly failed: number;
}

/** Starts everything; what was started is ended again when a later part fails. */
export async function openStand(options: StandOptions): Promise<Stand> {
  const { contender, directory, routes, threads, upstream } = options;
  await mkdir(directory);
  let processor: RunningProcessor | undefined;
  let envoy: PlainEnvoy | undefined;
  const stop = async () => {
    await envoy?.program.stop();
    await processor?.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    processor = await contender.start({ directory, threads });
    if (contender.path !== "direct") {
      envoy = await startPlainEnvoy({
        name: `envoy (${contender.name})`,
        binary: envoyBinary(process.env),
        bootstrap: extProcBootstrap({
          upstream,
          routes,
          sockets: processor?.sockets ?? [],
          ...(processor?.accessLog !== undefined && { accessLog: processor.accessLog }),
        }),
        directory,
        listeners: exchanges,
      });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const ports = envoy?.ports;
  const admin = processor === undefined ? undefined : envoy?.admin;
  return {
    processor,
    envoyPid: envoy?.program.pid,
    target: (exchange) =>
      ports === undefined ? upstream : { host: "127.0.0.1", port: ports.get(exchange) ?? 0 },
    async filterCounts() {
      if (admin === undefined) return undefined;
      const answer = await fetch(`${admin}/stats?filter=ext_proc\\.`);
      return parseFilterCounts(await answer.text());
    },
    stop,
  };
}

/** Directory of start number `index` below a scratch directory: short, because it holds Unix sockets. */
export function standDirectory(scratch: string, index: number): string {
  return join(scratch, `s${index}`);
}

const failureNames = new Set([
  "streams_failed",
  "immediate_responses_sent",
  "message_timeouts",
  "spurious_msgs_received",
  "failure_mode_allowed",
  "rejected_header_mutations",
  "http_not_ok_resp_received",
]);

/** Sums the filter's statistics over all listeners in the answer of Envoy's admin path `/stats`. */
export function parseFilterCounts(stats: string): FilterCounts {
  const sums = new Map<string, number>();
  for (const line of stats.split("\n")) {
    const [, name, value] = /\.ext_proc\.(?:\w+\.)?(\w+): (\d+)$/.exec(line) ?? [];
    if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  const failed = [...sums].filter(([name]) => failureNames.has(name));
  return {
    streams: sums.get("streams_started") ?? 0,
    sent: sums.get("stream_msgs_sent") ?? 0,
    received: sums.get("stream_msgs_received") ?? 0,
    failed: failed.reduce((sum, [, count]) => sum + count, 0),
  };
}
