/** The state of telemetry as people and programs are told it: one object, made of what its parts say. Pure. */
import type { ForwardStatus } from "./agent-forwarder.ts";
import type { IngestLag } from "./ingest-lag.ts";
import type { TelemetryStatus } from "./open-telemetry.ts";
import type { StoreFigures } from "./store-figures.ts";

/** `off`: nothing is stored, as asked for. `failing`: something does not work, and `problem` says what. */
export const telemetryStates = ["off", "opening", "ready", "failing", "closed"] as const;

/** One of them. */
export type TelemetryState = (typeof telemetryStates)[number];

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
  /** The same without what the system said, for those who only read */
  readonly advice: string | null;
  readonly store: {
    readonly kind: "embedded" | "server";
    /** Folder, or the server's address; null for those who only read */
    readonly place: string | null;
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
  /** Where agents send theirs, `host:port`, which is null for those who only read; all of it null where nothing listens */
  readonly otlp: { readonly address: string | null; readonly takenRows: number } | null;
  /** Of spans and logs of agents to the receivers of their gateways; null where nothing is taken from agents */
  readonly forwarded: {
    readonly sent: number;
    readonly waiting: number;
    /** Acknowledged while the disk took nothing: a kill would have lost them */
    readonly unkept: number;
    /** Receivers whose last attempt failed */
    readonly failing: number;
    /** What the first of them said; null where there is none, and for those who only read */
    readonly problem: string | null;
  } | null;
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
  /** Absent: nothing goes on to receivers of gateways */
  readonly forwarded: ForwardStatus | undefined;
  /** Whether agents' own telemetry was to be taken */
  readonly hasReceiver: boolean;
  readonly place: { readonly kind: "embedded" | "server"; readonly place: string };
  readonly memoryCapBytes: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** Tells the state, what is wrong, and what was left out, of facts of one moment. */
export function telemetryReport(facts: TelemetryFacts): TelemetryReport {
  const { status, figures, lag, place, residentBytes, forwarded } = facts;
  const problem = facts.isOff || facts.isClosed ? undefined : findProblem(facts);
  const isEmbedded = place.kind === "embedded";
  const address = status?.receiver?.address ?? "";
  return {
    state: stateOf(facts, problem),
    problem: problem === undefined ? null : sentenceOf(problem),
    advice: problem === undefined ? null : `${problem.what}; ${problem.next}`,
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
    dropped: [...lossesOf(status), ...lossesOnTheWay(forwarded)].filter(({ count }) => count > 0),
    otlp: address === "" ? null : { address, takenRows: status?.receiver?.takenRows ?? 0 },
    forwarded: forwarded === undefined ? null : forwardedOf(forwarded),
  };
}

function stateOf(facts: TelemetryFacts, problem: Problem | undefined): TelemetryState {
  if (facts.isOff) return "off";
  if (facts.isClosed) return "closed";
  if (problem !== undefined) return "failing";
  return facts.status?.state === "ready" ? "ready" : "opening";
}

/** `why` names files, addresses and what the system said; the others never do. */
interface Problem {
  readonly what: string;
  readonly why: string;
  readonly next: string;
}

function sentenceOf({ what, why, next }: Problem): string {
  return `${what}: ${why}; ${next}`;
}

/** The first that matters. */
function findProblem(facts: TelemetryFacts): Problem | undefined {
  const { status, failure } = facts;
  if (failure !== "") {
    return { what: "The store cannot be opened", why: failure, next: "the log says more" };
  }
  if (status === undefined) return undefined;
  const { process, writer, receiver } = status;
  const again = "it is tried again";
  if (process?.state === "off") {
    const next = "mend that and start again, or use --telemetry off or --clickhouse-url";
    return { what: "Nothing is stored", why: process.error ?? "its process is not there", next };
  }
  if (process?.state === "restarting") {
    const next = "it is started again, and records wait in their files";
    const what = "The store's process has ended";
    return { what, why: process.error ?? "it does not say why", next };
  }
  if (writer?.state === "disk-full") {
    const next = "free space, or use a smaller --telemetry-size";
    return { what: "Nothing is stored", why: writer.error ?? "the disk is full", next };
  }
  if (writer?.error !== undefined) return { what: "Rows wait", why: writer.error, next: again };
  if (status.error !== undefined) {
    return { what: "The store is not ready", why: status.error, next: again };
  }
  const reader = readersOf(status).find(({ error }) => error !== undefined);
  if (reader?.error !== undefined) {
    return { what: "Files cannot be read", why: reader.error, next: "see their rights" };
  }
  if (facts.hasReceiver && receiver?.address === "") {
    const next = "free it, or name another and start again";
    const why = "the port of --otlp-port cannot be bound";
    return { what: "Nothing is taken from agents", why, next };
  }
  if (status.retention?.error === undefined) return undefined;
  return { what: "Old rows stay", why: status.retention.error, next: again };
}

function readersOf({ records, invocations, agents }: TelemetryStatus) {
  const files = [records, invocations].flatMap((one) => (one === undefined ? [] : [one]));
  return [...files, ...(agents ? Object.values(agents) : [])];
}

function forwardedOf({
  sent,
  waiting,
  unkept,
  failures,
}: ForwardStatus): TelemetryReport["forwarded"] {
  return { sent, waiting, unkept, failing: failures.length, problem: failures[0] ?? null };
}

/** What is counted of each reason that is always told, also while nothing was lost for it. */
export const lossUnits = {
  "rotated-away": "bytes",
  malformed: "lines",
  "store-full": "rows",
  "set-aside": "rows",
  "set-aside-full": "rows",
  "spool-full": "rows",
  "otlp-unusable": "items",
  "forward-full": "items",
  "forward-refused": "items",
  "forward-unsent": "items",
  "forward-removed": "items",
} as const satisfies Readonly<Record<string, TelemetryLoss["unit"]>>;

type LossReason = keyof typeof lossUnits;

function lossesOnTheWay(forwarded: ForwardStatus | undefined): readonly TelemetryLoss[] {
  if (forwarded === undefined) return [];
  const { queueFull, spoolFull, rejected, brokenOff, givenUp, closed, notEncodable, removed } =
    forwarded.dropped;
  return [
    loss("forward-full", queueFull + spoolFull),
    loss("forward-refused", rejected + brokenOff),
    loss("forward-unsent", givenUp + closed + notEncodable),
    loss("forward-removed", removed),
  ];
}

function lossesOf(status: TelemetryStatus | undefined): readonly TelemetryLoss[] {
  if (status === undefined) return [];
  const { writer, receiver, retention, agents } = status;
  const readers = readersOf(status);
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const refused = Object.entries(receiver?.refused ?? {}).map(
    ([code, count]): TelemetryLoss => ({ reason: `otlp-refused-${code}`, count, unit: "requests" }),
  );
  return [
    loss("rotated-away", sum(readers.map(({ lostBytes }) => lostBytes))),
    loss("malformed", sum(readers.map(({ malformedLines }) => malformedLines))),
    loss("store-full", retention?.evictedRows ?? 0),
    loss("set-aside", writer?.quarantine.rows ?? 0),
    loss("set-aside-full", writer?.quarantine.dropped ?? 0),
    loss(
      "spool-full",
      sum(agents ? Object.values(agents).map(({ refusedRows }) => refusedRows) : []),
    ),
    loss("otlp-unusable", receiver?.rejectedItems ?? 0),
    ...refused,
  ];
}

function loss(reason: LossReason, count: number): TelemetryLoss {
  return { reason, count, unit: lossUnits[reason] };
}

function timeOf(unixMs: number | undefined): string | null {
  return unixMs === undefined ? null : new Date(unixMs).toISOString();
}
