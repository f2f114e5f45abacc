/**
 * All of telemetry as one part of the control process: the store, whoever fills it, whoever keeps it small, and reads.
 * It never stops the rest: where the store cannot be had, the status says why.
 */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../../gateway/clock.ts";
import type { Clock } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { InvocationOutcome } from "../../gateway/invocation-span.ts";
import type { Logger } from "../../gateway/log.ts";
import type { SecretValue } from "../../gateway/secret-value.ts";
import { AgentSpool, parseSpoolName } from "./agent-spool.ts";
import type { AgentSpoolStatus } from "./agent-spool.ts";
import { freeSpaceObstacle } from "./free-space.ts";
import { IngestSequence } from "./ingest-sequence.ts";
import { LineIngest } from "./line-ingest.ts";
import type { LineIngestStatus } from "./line-ingest.ts";
import { metricSeries } from "./metric-series.ts";
import type { SeriesAnswer, SeriesRequest } from "./metric-series.ts";
import { migrate, readMigrations } from "./migrations.ts";
import type { IsForeignTrace } from "./foreign-trace.ts";
import { OtlpReceiver } from "./otlp-receiver.ts";
import type { OtlpReceiverOptions, OtlpReceiverStatus } from "./otlp-receiver.ts";
import type { TelemetrySender } from "./telemetry-sender.ts";
import { Quarantine } from "./quarantine.ts";
import { TelemetryQueries } from "./queries.ts";
import { createInvocationIngest } from "./invocation-ingest.ts";
import { createRecordIngest } from "./record-ingest.ts";
import type { RecordIngestOptions } from "./record-ingest.ts";
import { encodeRootRow } from "./root-span.ts";
import { Retention } from "./retention.ts";
import type { RetentionStatus } from "./retention.ts";
import type { IngestLag } from "./ingest-lag.ts";
import { StoreCounter } from "./store-figures.ts";
import type { StoreFigures } from "./store-figures.ts";
import { StoreClient } from "./store-client.ts";
import type { StoreAddress } from "./store-client.ts";
import { StoreProcess } from "./store-process.ts";
import type { StoreProcessStatus } from "./store-process.ts";
import type { TelemetryTable } from "./table-rows.ts";
import { TelemetryWriter } from "./writer.ts";
import type { WriterStatus } from "./writer.ts";

/** Where telemetry lives and what bounds it. */
export interface TelemetryOptions {
  /** Folder of all that is kept, `$CLRK_HOME/telemetry`; made with mode 0700 */
  readonly directory: string;
  /** Folder of the gateways' records, `$CLRK_HOME/records` */
  readonly recordsDirectory: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** A ClickHouse server in place of the embedded store. One control process at a time may write to it */
  readonly server?: Extract<StoreAddress, { kind: "server" }>;
  /** Resident memory of the embedded store's process; default 600 MiB */
  readonly memoryCapBytes?: number;
  /** Default 7 days */
  readonly maxAgeMs?: number;
  /** Bytes of the tables; default 5 GiB */
  readonly maxBytes?: number;
  /** Free bytes of the disk below which nothing is stored; default 256 MiB */
  readonly reservedBytes?: number;
  /** Where agents' own telemetry is taken; absent: nowhere */
  readonly receiver?: {
    /** Default 127.0.0.1 */
    readonly host?: string;
    /** 0: a free one */
    readonly port: number;
    /** Told the port that it got. Must not throw */
    readonly onListening?: (port: number) => void;
    readonly authenticate: (credential: SecretValue) => TelemetrySender | undefined;
    /** As `foreignTraces()` gives it: spans of the trace of another invocation are rejected; absent: none is */
    readonly isForeignTrace?: IsForeignTrace;
    /** As `OtlpReceiverOptions.onTaken` */
    readonly onTaken?: OtlpReceiverOptions["onTaken"];
  };
  /** Time in which rows gather before they are stored; default 1 s */
  readonly intervalMs?: number;
}

/** State for people. */
export interface TelemetryStatus {
  /** `opening`: the tables are not ready, reads fail and files are the spool */
  readonly state: "opening" | "ready" | "closed";
  /** Why the tables are not ready; absent when all is well */
  readonly error?: string;
  /** Absent where a server is used */
  readonly process?: StoreProcessStatus;
  readonly writer?: WriterStatus;
  readonly records?: LineIngestStatus;
  /** Root spans of runs that are over */
  readonly invocations?: LineIngestStatus;
  readonly agents?: Readonly<Record<TelemetryTable, LineIngestStatus & AgentSpoolStatus>>;
  readonly retention?: RetentionStatus;
  readonly receiver?: OtlpReceiverStatus;
}

const retryMs = 500;
const lastRetryMs = 10_000;

interface Filling {
  readonly writer: TelemetryWriter;
  readonly records: LineIngest;
  readonly invocations: LineIngest;
  readonly agents: Readonly<Record<TelemetryTable, LineIngest>>;
  readonly retention: Retention;
}

const tables: readonly TelemetryTable[] = ["otel_traces", "otel_logs"];

/** Opens everything; resolves when the tables are ready or known not to be for now. Rejects for options that can never work. */
export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const telemetry = new Telemetry(options);
  await telemetry.open();
  return telemetry;
}

/** The running parts; made by `openTelemetry()`, `close()` at the end. */
export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #process: StoreProcess | undefined;
  readonly #client: StoreClient;
  readonly #counter: StoreCounter;
  readonly #spools: Readonly<Record<TelemetryTable, AgentSpool>>;
  readonly #receiver: OtlpReceiver | undefined;
  readonly #closing = new AbortController();
  /** Reads; they throw what the store says, CLRK_UNAVAILABLE where it is not ready */
  readonly queries: TelemetryQueries;
  #filling: Filling | undefined;
  #preparing: Promise<void> = Promise.resolve();
  #starting: Promise<void> = Promise.resolve();
  #state: TelemetryStatus["state"] = "opening";
  #error: string | undefined;

  constructor(options: TelemetryOptions) {
    this.#options = options;
    const { directory, server, clock, log, memoryCapBytes, receiver } = options;
    const socket = join(directory, "store.sock");
    this.#process =
      server === undefined
        ? new StoreProcess({
            directory: join(directory, "store"),
            socket,
            clock,
            log,
            ...(memoryCapBytes !== undefined && { memoryCapBytes }),
          })
        : undefined;
    this.#client = new StoreClient(server ?? { kind: "embedded", socket });
    this.#counter = new StoreCounter(this.#client, clock);
    this.#spools = {
      otel_traces: this.#createSpool("otel_traces"),
      otel_logs: this.#createSpool("otel_logs"),
    };
    if (receiver !== undefined) {
      const spools = { traces: this.#spools.otel_traces, logs: this.#spools.otel_logs };
      this.#receiver = new OtlpReceiver({
        authenticate: receiver.authenticate,
        isForeignTrace: receiver.isForeignTrace,
        onTaken: receiver.onTaken,
        spools,
        clock,
        log,
      });
    }
    this.queries = new TelemetryQueries({
      client: this.#client,
      highWater: () => this.highWater,
    });
  }

  /** State of now; a new object each time */
  get status(): TelemetryStatus {
    const filling = this.#filling;
    return {
      state: this.#state,
      ...(this.#error !== undefined && { error: this.#error }),
      ...(this.#process !== undefined && { process: this.#process.status }),
      ...(this.#receiver !== undefined && { receiver: this.#receiver.status }),
      ...(filling !== undefined && {
        writer: filling.writer.status,
        records: filling.records.status,
        invocations: filling.invocations.status,
        retention: filling.retention.status,
        agents: {
          otel_traces: this.#agentStatus(filling, "otel_traces"),
          otel_logs: this.#agentStatus(filling, "otel_logs"),
        },
      }),
    };
  }

  /** What the store holds, as it said last; undefined before its first answer. */
  async figures(): Promise<StoreFigures | undefined> {
    return this.#state === "ready" ? this.#counter.read(this.highWater) : undefined;
  }

  /** What waits in files to be stored. */
  async lag(): Promise<IngestLag> {
    const filling = this.#filling;
    if (filling === undefined) return { bytes: 0, lines: 0 };
    const lags = await Promise.all(readers(filling).map((part) => part.lag()));
    const sum = (of: (lag: IngestLag) => number) => lags.reduce((total, lag) => total + of(lag), 0);
    return { bytes: sum(({ bytes }) => bytes), lines: sum(({ lines }) => lines) };
  }

  /** Everything up to this sequence is stored; 0 while the tables are not ready. */
  get highWater(): bigint {
    return this.#filling?.writer.status.highWater ?? 0n;
  }

  /** Puts root spans that no gateway tells where the agents' own spans wait for the store, unless that is full. */
  async takeRoots(roots: readonly InvocationOutcome[]): Promise<"taken" | "later"> {
    const spool = this.#spools.otel_traces;
    const rows = roots.map((root) => encodeRootRow(root, root.end.gateways?.[0] ?? ""));
    if (this.#closing.signal.aborted || !spool.hasRoomFor(rows)) return "later";
    return (await spool.append(rows)) === "written" ? "taken" : "later";
  }

  /** Series of a metric, computed now. */
  series(request: SeriesRequest): Promise<SeriesAnswer> {
    return metricSeries(this.#client, request);
  }

  /** Resolves when all that is in the files now is stored; at once where the tables are not ready. */
  async flush(): Promise<void> {
    const filling = this.#filling;
    if (filling === undefined) return;
    await Promise.all(readers(filling).map((part) => part.flush()));
  }

  /** Stops taking, stores what is being stored, and ends the store's process. Safe to call again. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#receiver?.close();
    await this.#preparing;
    const filling = this.#filling;
    if (filling !== undefined) {
      await filling.writer.close();
      await this.#starting;
      await Promise.all([...readers(filling), filling.retention].map((part) => part.close()));
    }
    for (const table of tables) await this.#spools[table].close();
    await this.#client.close();
    await this.#process?.close();
    this.#state = "closed";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Used by `openTelemetry()` alone. */
  async open(): Promise<void> {
    const { directory } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
    for (const table of tables) await this.#spools[table].open();
    // Before the store: what agents send meanwhile waits in the spool.
    await this.#listen();
    await this.#process?.start();
    let first: () => void = () => {};
    const tried = new Promise<void>((resolve) => {
      first = resolve;
    });
    this.#preparing = this.#prepare(first);
    await tried;
  }

  /** Without a receiver the rest is of use still. */
  async #listen(): Promise<void> {
    const { receiver, log } = this.#options;
    if (receiver === undefined || this.#receiver === undefined) return;
    const { host = "127.0.0.1", port, onListening } = receiver;
    try {
      const bound = await this.#receiver.listen(host, port);
      onListening?.(bound);
    } catch (error) {
      const found = describeError(error);
      log.error("Cannot take telemetry of agents: its port cannot be bound", {
        port,
        error: found,
      });
    }
  }

  /** Tries until the tables are there; `onTry` is called after the first time. */
  async #prepare(onTry: () => void): Promise<void> {
    const { clock, log } = this.#options;
    for (let tries = 0; !this.#closing.signal.aborted; tries++) {
      try {
        await this.#fill();
        this.#error = undefined;
        this.#state = "ready";
        onTry();
        return;
      } catch (error) {
        const text = describeError(error);
        if (this.#error === undefined) log.warn("Telemetry store is not ready", { error: text });
        this.#error = this.#process?.status.error ?? text;
        onTry();
      }
      const pauseMs = Math.min(lastRetryMs, retryMs * 2 ** Math.min(tries, 10));
      await sleep(clock, pauseMs, this.#closing.signal);
    }
  }

  async #fill(): Promise<void> {
    const { clock, log, directory, maxAgeMs, maxBytes } = this.#options;
    await migrate(this.#client, await readMigrations());
    const sequence = new IngestSequence(clock, await lastSequence(this.#client));
    const store = join(directory, "store");
    const writer = new TelemetryWriter({
      store: this.#client,
      sequence,
      quarantine: new Quarantine(join(directory, "quarantine.jsonl")),
      clock,
      log,
      ...(this.#process !== undefined && {
        obstacle: () => freeSpaceObstacle(store, this.#options.reservedBytes),
      }),
    });
    const retention = new Retention({
      client: this.#client,
      clock,
      log,
      ...(maxAgeMs !== undefined && { maxAgeMs }),
      ...(maxBytes !== undefined && { maxBytes }),
    });
    const filling = {
      writer,
      retention,
      records: createRecordIngest(this.#recordFiles("records", writer)),
      invocations: createInvocationIngest(this.#recordFiles("invocations", writer)),
      agents: {
        otel_traces: this.#createAgents("otel_traces", writer),
        otel_logs: this.#createAgents("otel_logs", writer),
      },
    };
    for (const part of readers(filling)) sequence.raise((await part.open()).lastSequence);
    if (this.#closing.signal.aborted) return;
    this.#filling = filling;
    this.#starting = this.#start(filling);
  }

  async #start(filling: Filling): Promise<void> {
    filling.retention.start();
    try {
      for (const part of readers(filling)) await part.recover();
    } catch (error) {
      // Its reader tries again with its first round.
      this.#options.log.error("Cannot repeat telemetry", { error: describeError(error) });
    }
    if (this.#closing.signal.aborted) return;
    for (const part of readers(filling)) part.start();
  }

  #createSpool(table: TelemetryTable): AgentSpool {
    const { directory, log } = this.#options;
    return new AgentSpool({ directory: join(directory, "spool"), table, log });
  }

  /** Where a reader of the gateways' folder finds what it reads, and keeps how far it is. */
  #recordFiles(name: "invocations" | "records", writer: TelemetryWriter): RecordIngestOptions {
    const { directory, recordsDirectory, clock, log, intervalMs } = this.#options;
    return {
      directory: recordsDirectory,
      positionPath: join(directory, `${name}.position.json`),
      writer,
      clock,
      log,
      ...(intervalMs !== undefined && { intervalMs }),
    };
  }

  #createAgents(table: TelemetryTable, writer: TelemetryWriter): LineIngest {
    const { directory, clock, log, intervalMs } = this.#options;
    return new LineIngest({
      name: table,
      directory: join(directory, "spool"),
      keyOf: (name) => (parseSpoolName(table, name) === undefined ? undefined : name.slice(-18)),
      columnsOf: (name) => parseSpoolName(table, name)?.columns,
      positionPath: join(directory, `${table}.position.json`),
      table,
      encode: (line) => line,
      onRemoved: (bytes) => this.#spools[table].release(bytes),
      writer,
      clock,
      log,
      ...(intervalMs !== undefined && { intervalMs }),
    });
  }

  #agentStatus(filling: Filling, table: TelemetryTable): LineIngestStatus & AgentSpoolStatus {
    return { ...filling.agents[table].status, ...this.#spools[table].status };
  }
}

function readers({ records, invocations, agents }: Filling): readonly LineIngest[] {
  return [records, invocations, ...Object.values(agents)];
}

async function lastSequence(client: StoreClient): Promise<bigint> {
  const rows = await client.query(
    "SELECT max(last) AS last FROM (SELECT max(Sequence) AS last FROM otel_traces UNION ALL SELECT max(Sequence) AS last FROM otel_logs)",
    {},
    { maxSeconds: 60 },
  );
  return BigInt(String(rows[0]?.["last"] ?? 0));
}
