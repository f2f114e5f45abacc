/** The state of telemetry as people and programs are told it: one object, made of what its parts say. Pure. */
import type { IngestLag } from "./ingest-lag.ts";
import type { TelemetryStatus } from "./open-telemetry.ts";
import type { StoreFigures } from "./store-figures.ts";

/** `off`: nothing is stored, as asked for. `failing`: something does not work, and `problem` says what. */
export type TelemetryState = "off" | "opening" | "ready" | "failing" | "closed";

/** Something that was left out. */
export interface TelemetryLoss {
  /** Stable word in kebab-case; `docs/telemetry.md` has them all */
  readonly reason: string;
  readonly count: number;
  readonly unit: "rows" | "lines" | "items" | "requests" | "bytes";
}

/** Telemetry of a control process. Times are RFC 3339. */
export interface TelemetryReport {
  readonly state: TelemetryState;
  /** A sentence with what to do; null where all is well */
  readonly problem: string | null;
  readonly store: {
    readonly kind: "embedded" | "server";
    /** Folder, or the server's address */
    readonly place: string;
    /** When its process began to listen; null where it does not, and of a server */
    readonly since: string | null;
    readonly pid: number | null;
    /** Starts after an end that nobody asked for */
    readonly restarts: number;
    /** Resident; null where it is not known */
    readonly memoryBytes: number | null;
    readonly memoryCapBytes: number | null;
    /** The three are null until the store has answered once */
    readonly rows: number | null;
    readonly diskBytes: number | null;
    /** When the oldest row was stored */
    readonly oldest: string | null;
    readonly maxBytes: number;
    readonly maxAgeSeconds: number;
  };
  /** What waits to be stored, of gateways and of agents */
  readonly waiting: { readonly records: number; readonly bytes: number };
  readonly storedRows: number;
  /** Since the process began, and only what is not 0 */
  readonly dropped: readonly TelemetryLoss[];
  /** Where agents send theirs, `host:port`; null where nothing listens */
  readonly otlp: { readonly address: string; readonly takenRows: number } | null;
}

/** What it is made of. */
export interface TelemetryFacts {
  readonly isOff: boolean;
  readonly isClosed: boolean;
  /** Why it could not be opened at all; empty when it could */
  readonly failure: string;
  readonly status: TelemetryStatus | undefined;
  readonly figures: StoreFigures | undefined;
  readonly lag: IngestLag;
  readonly residentBytes: number | undefined;
  /** Whether agents' own telemetry was to be taken */
  readonly hasReceiver: boolean;
  readonly place: { readonly kind: "embedded" | "server"; readonly place: string };
  readonly memoryCapBytes: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** Tells the state, what is wrong, and what was left out, of facts of one moment. */
export function telemetryReport(facts: TelemetryFacts): TelemetryReport {
  const { status, figures, lag, place, residentBytes } = facts;
  const problem = facts.isOff || facts.isClosed ? null : findProblem(facts);
  const isEmbedded = place.kind === "embedded";
  const address = status?.receiver?.address ?? "";
  return {
    state: stateOf(facts, problem),
    problem,
    store: {
      ...place,
      since: timeOf(status?.process?.listeningSinceMs),
      pid: status?.process?.pid ?? null,
      restarts: status?.process?.restarts ?? 0,
      memoryBytes: residentBytes ?? null,
      memoryCapBytes: isEmbedded ? facts.memoryCapBytes : null,
      rows: figures?.rows ?? null,
      diskBytes: figures?.bytes ?? null,
      oldest: timeOf(figures?.oldestMs),
      maxBytes: facts.maxBytes,
      maxAgeSeconds: Math.round(facts.maxAgeMs / 1_000),
    },
    waiting: { records: lag.lines, bytes: lag.bytes },
    storedRows: status?.writer?.storedRows ?? 0,
    dropped: status === undefined ? [] : lossesOf(status).filter(({ count }) => count > 0),
    otlp: address === "" ? null : { address, takenRows: status?.receiver?.takenRows ?? 0 },
  };
}

function stateOf(facts: TelemetryFacts, problem: string | null): TelemetryState {
  if (facts.isOff) return "off";
  if (facts.isClosed) return "closed";
  if (problem !== null) return "failing";
  return facts.status?.state === "ready" ? "ready" : "opening";
}

/** The first that matters; each is a sentence and what to do. */
function findProblem(facts: TelemetryFacts): string | null {
  const { status, failure } = facts;
  if (failure !== "") return `The store cannot be opened: ${failure}; the log says more`;
  if (status === undefined) return null;
  const { process, writer, receiver } = status;
  if (process?.state === "off") {
    const why = process.error ?? "its process is not there";
    return `Nothing is stored: ${why}; mend that and start again, or use --telemetry off or --clickhouse-url`;
  }
  if (process?.state === "restarting") {
    return `The store's process has ended: ${process.error ?? "it does not say why"}; it is started again, and records wait in their files`;
  }
  if (writer?.state === "disk-full") {
    return `Nothing is stored: ${writer.error ?? "the disk is full"}; free space, or use a smaller --telemetry-size`;
  }
  if (writer?.error !== undefined) {
    return `Rows wait: ${writer.error}; it is tried again`;
  }
  if (status.error !== undefined)
    return `The store is not ready: ${status.error}; it is tried again`;
  const reader = readersOf(status).find(({ error }) => error !== undefined);
  if (reader?.error !== undefined) return `Files cannot be read: ${reader.error}; see their rights`;
  if (facts.hasReceiver && receiver?.address === "") {
    return "Nothing is taken from agents: the port of --otlp-port cannot be bound; free it, or name another and start again";
  }
  if (status.retention?.error !== undefined) {
    return `Old rows stay: ${status.retention.error}; it is tried again`;
  }
  return null;
}

function readersOf({ records, invocations, agents }: TelemetryStatus) {
  const files = [records, invocations].flatMap((one) => (one === undefined ? [] : [one]));
  return [...files, ...(agents ? Object.values(agents) : [])];
}

function lossesOf(status: TelemetryStatus): readonly TelemetryLoss[] {
  const { writer, receiver, retention, agents } = status;
  const readers = readersOf(status);
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const refused = Object.entries(receiver?.refused ?? {}).map(
    ([code, count]): TelemetryLoss => ({ reason: `otlp-refused-${code}`, count, unit: "requests" }),
  );
  return [
    {
      reason: "rotated-away",
      count: sum(readers.map(({ lostBytes }) => lostBytes)),
      unit: "bytes",
    },
    {
      reason: "malformed",
      count: sum(readers.map(({ malformedLines }) => malformedLines)),
      unit: "lines",
    },
    { reason: "store-full", count: retention?.evictedRows ?? 0, unit: "rows" },
    { reason: "set-aside", count: writer?.quarantine.rows ?? 0, unit: "rows" },
    { reason: "set-aside-full", count: writer?.quarantine.dropped ?? 0, unit: "rows" },
    {
      reason: "spool-full",
      count: sum(agents ? Object.values(agents).map(({ refusedRows }) => refusedRows) : []),
      unit: "rows",
    },
    { reason: "otlp-unusable", count: receiver?.rejectedItems ?? 0, unit: "items" },
    ...refused,
  ];
}

function timeOf(unixMs: number | undefined): string | null {
  return unixMs === undefined ? null : new Date(unixMs).toISOString();
}
