/**
 * Exporter of records over OTLP/HTTP: one span and one log a record, to one receiver. Adding never waits; what the
 * receiver cannot take is dropped, oldest first, and counted.
 */
import path from "node:path";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { silentLogger } from "./log.ts";
import type { Logger } from "./log.ts";
import {
  decodeLogsResponse,
  decodeTraceResponse,
  encodeLogs,
  encodeSpans,
  estimateBytes,
} from "./otlp-encode.ts";
import type { EndedInvocation } from "./invocation-span.ts";
import type { ProcessResource, TracedItem } from "./otlp-encode.ts";
import { OtlpPipe } from "./otlp-pipe.ts";
import type { OtlpPipeLimits, OtlpPipeStatus, PipeSpool, QueuedItem } from "./otlp-pipe.ts";
import { requestHeaders, signalUrl } from "./otlp-request.ts";
import type { OtlpHeaders, OtlpSignal, OtlpTransport } from "./otlp-request.ts";
import type { EgressRecord } from "./record.ts";
import type { RecordSink } from "./record-hub.ts";
import { createRandomPool, createTraceIds } from "./trace-context.ts";
import type { RandomBytes } from "./trace-context.ts";

/** Receiver, bounds and surroundings of an exporter; only the endpoint has no default. */
export interface OtlpExporterOptions extends Partial<OtlpPipeLimits> {
  /** Base URL of the receiver, such as `https://collector.example:4318` */
  readonly endpoint: string;
  readonly headers?: OtlpHeaders;
  readonly resource?: ProcessResource;
  /** Bound of one attempt; default 10 s */
  readonly timeoutMs?: number;
  /** Bodies from this size on are compressed; default 1 KiB */
  readonly gzipFromBytes?: number;
  /** Bound of `close()`; default 5 s */
  readonly closeTimeoutMs?: number;
  /** Where batches wait that the receiver does not take in time, a folder for each signal; absent: in memory */
  readonly spool?: PipeSpool;
  readonly clock?: Clock;
  readonly fetch?: typeof globalThis.fetch;
  readonly random?: RandomBytes;
  /** Number from 0 up to 1 that spreads retries; default `Math.random` */
  readonly jitter?: () => number;
  readonly log?: Logger;
}

/** Numbers since the start, for the gateway's status. */
export interface OtlpExporterStatus {
  readonly traces: OtlpPipeStatus;
  readonly logs: OtlpPipeStatus;
}

/**
 * Bounds unless the options say otherwise. A batch interval of 1 s keeps a live view live; encoding 256 records holds the
 * thread for 3 to 4 ms, which other work of the process must be able to wait for.
 */
export const defaultOtlpLimits: OtlpPipeLimits = {
  maxBatchRecords: 256,
  maxBatchBytes: 2 * 1024 * 1024,
  maxDelayMs: 1_000,
  maxQueuedRecords: 4_096,
  maxQueuedBytes: 16 * 1024 * 1024,
  minBackoffMs: 500,
  maxBackoffMs: 30_000,
  maxRetryAfterMs: 120_000,
  giveUpAfterMs: 300_000,
};

/** About what a root span takes: names of an agent and a sentence. */
const invocationBytes = 1_500;

/** Sends records to one OTLP/HTTP receiver. */
export class OtlpExporter implements RecordSink {
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #traces: OtlpPipe;
  readonly #logs: OtlpPipe;
  readonly #closeTimeoutMs: number;
  #closed: Promise<void> | undefined;

  /** Connects to nothing yet. Throws CLRK_INVALID_ARGUMENT for an endpoint or a header that can never work. */
  constructor(options: OtlpExporterOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? createRandomPool();
    this.#closeTimeoutMs = options.closeTimeoutMs ?? 5_000;
    const resource = options.resource ?? {};
    const settings = { ...options, clock: this.#clock };
    this.#traces = createOtlpPipe("traces", settings, (items) => encodeSpans(items, resource));
    this.#logs = createOtlpPipe("logs", settings, (items) => encodeRecordLogs(items, resource));
  }

  /** Numbers of now; a new object each time */
  get status(): OtlpExporterStatus {
    return { traces: this.#traces.status, logs: this.#logs.status };
  }

  /** Queues the record's span and log; ids that the record lacks are made here, the same for both. */
  add(record: EgressRecord): void {
    const queued: QueuedItem = {
      record,
      ids: record.trace ?? createTraceIds(undefined, this.#random),
      observedUnixNs: BigInt(this.#clock.now()) * 1_000_000n,
      bytes: estimateBytes(record),
    };
    this.#traces.add(queued);
    this.#logs.add(queued);
  }

  /** Queues the root span of an invocation; there is no log of it. */
  addInvocation(invocation: EndedInvocation): void {
    this.#traces.add({ invocation, bytes: invocationBytes });
  }

  /** Sends what is queued, within `closeTimeoutMs`; the rest is counted as dropped. Never rejects; safe to call again. */
  close(): Promise<void> {
    this.#closed ??= Promise.all([
      this.#traces.close(this.#closeTimeoutMs),
      this.#logs.close(this.#closeTimeoutMs),
    ]).then(() => {});
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Where a pipe sends, and its bounds. */
export type OtlpPipeSettings = Omit<OtlpExporterOptions, "resource" | "closeTimeoutMs" | "random">;

/**
 * The queue and sender of one signal for one receiver, of whatever `encode` understands. Connects to nothing yet. Throws
 * CLRK_INVALID_ARGUMENT for an endpoint or a header that can never work.
 */
export function createOtlpPipe<Item extends object>(
  signal: OtlpSignal,
  options: OtlpPipeSettings,
  encode: (items: readonly Item[]) => Uint8Array,
): OtlpPipe<Item> {
  const transport: OtlpTransport = {
    url: signalUrl(options.endpoint, signal),
    headers: requestHeaders(options.headers ?? {}),
    fetch: options.fetch ?? globalThis.fetch,
    clock: options.clock ?? systemClock,
    timeoutMs: options.timeoutMs ?? 10_000,
    gzipFromBytes: options.gzipFromBytes ?? 1_024,
    decodeResponse: signal === "traces" ? decodeTraceResponse : decodeLogsResponse,
  };
  return new OtlpPipe({
    signal,
    transport,
    limits: pickLimits(options),
    encode,
    jitter: options.jitter ?? Math.random,
    ...(options.spool && {
      spool: { ...options.spool, directory: path.join(options.spool.directory, signal) },
    }),
    log: options.log ?? silentLogger,
  });
}

function encodeRecordLogs(items: readonly TracedItem[], resource: ProcessResource): Uint8Array {
  return encodeLogs(
    items.flatMap((item) => ("record" in item ? [item] : [])),
    resource,
  );
}

function pickLimits(options: Partial<OtlpPipeLimits>): OtlpPipeLimits {
  const defaults = defaultOtlpLimits;
  return {
    maxBatchRecords: options.maxBatchRecords ?? defaults.maxBatchRecords,
    maxBatchBytes: options.maxBatchBytes ?? defaults.maxBatchBytes,
    maxDelayMs: options.maxDelayMs ?? defaults.maxDelayMs,
    maxQueuedRecords: options.maxQueuedRecords ?? defaults.maxQueuedRecords,
    maxQueuedBytes: options.maxQueuedBytes ?? defaults.maxQueuedBytes,
    minBackoffMs: options.minBackoffMs ?? defaults.minBackoffMs,
    maxBackoffMs: options.maxBackoffMs ?? defaults.maxBackoffMs,
    maxRetryAfterMs: options.maxRetryAfterMs ?? defaults.maxRetryAfterMs,
    giveUpAfterMs: options.giveUpAfterMs ?? defaults.giveUpAfterMs,
  };
}
