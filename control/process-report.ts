/** What a control process says of itself: on its API server, and in lines for whoever started it. */
import type { Clock } from "../gateway/clock.ts";
import type { ConnectedResource } from "./apiserver/api-context.ts";
import type {
  InvocationService,
  InvocationServiceStatus,
} from "./invocations/invocation-service.ts";
import type { DeletedObject } from "./objects/deleted-objects.ts";
import type { TelemetryReport } from "./telemetry/telemetry-report.ts";
import type { TelemetryService } from "./telemetry/telemetry-service.ts";

/** Path on the API server that answers with a report. */
export const CONTROL_STATUS_PATH = "/apis/clrk.apoxy.dev/v1alpha1/controlstatus";

/** An object of the files that others deleted; `file` is null for those who only read. */
export interface DeletedFact extends Omit<DeletedObject, "file"> {
  readonly file: string | null;
}

/** State of a control process. Times are RFC 3339. */
export interface ControlReport {
  readonly apiVersion: "clrk.apoxy.dev/v1alpha1";
  readonly kind: "ControlStatus";
  readonly process: {
    readonly pid: number;
    readonly version: string;
    readonly startedAt: string;
    /** Starts before this one, as whoever keeps it running says */
    readonly restarts: number;
  };
  /** Objects of `-f` that somebody deleted from the API server: they are in force again when their part changes */
  readonly files: {
    readonly deletedCount: number;
    /** The first 20 of them */
    readonly deleted: readonly DeletedFact[];
  };
  readonly telemetry: TelemetryReport;
  readonly invocations: {
    readonly state: "opening" | "open" | "closed";
    /** Why they cannot be opened, or what of them is not up to date; null where nothing is wrong */
    readonly problem: string | null;
    /** Events of runs that went before they were read, found since the process began */
    readonly lostEvents: number;
  };
}

/** A report as a line of standard output. */
export interface ReportLine {
  readonly kind: "report";
  readonly report: ControlReport;
  /** Reports since the begin that were not written, since the line before them still waited for its reader */
  readonly skipped: number;
}

/** What a report is made of. */
export interface ReporterOptions {
  readonly version: string;
  readonly restarts: number;
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryService, "report">;
  readonly invocations: Pick<InvocationService, "status">;
  /** Objects of files that others deleted */
  readonly deleted: () => readonly DeletedObject[];
}

/** So many objects are named; the rest is counted. */
const mostNamed = 20;

/** Lines come so often, in `ms`: more often while telemetry is being opened, whose address people wait for. */
const openingMs = 250;
const steadyMs = 2_000;

const invocationAdvice =
  "Invocations are not up to date; the log of the control process says why, and it is tried again";

/** Gives reports of now, one to all who ask until it is there; it never rejects. */
export type Reporter = () => Promise<ControlReport>;

/** Makes a reporter of a process that begins now. */
export function createReporter(options: ReporterOptions): Reporter {
  const { version, restarts, clock, telemetry, invocations } = options;
  const filesNow = () => {
    const deleted = options.deleted();
    return { deletedCount: deleted.length, deleted: deleted.slice(0, mostNamed) };
  };
  const startedAt = new Date(clock.now()).toISOString();
  // It looks into files: many who ask must not have that done for each.
  let asking: Promise<ControlReport> | undefined;
  const ask = async (): Promise<ControlReport> => {
    const now = invocations.status;
    const failure = failureOf(now);
    return {
      apiVersion: "clrk.apoxy.dev/v1alpha1",
      kind: "ControlStatus",
      process: { pid: process.pid, version, startedAt, restarts },
      files: filesNow(),
      telemetry: await telemetry.report(),
      invocations: {
        state: now.state,
        problem: failure === "" ? null : failure,
        lostEvents: now.state === "open" ? (now.feed?.lost ?? 0) : 0,
      },
    };
  };
  return () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}

/** The first that matters; empty where nothing is wrong. */
function failureOf(status: InvocationServiceStatus): string {
  if (status.state !== "open") return status.failure;
  const { materialiser, feed, usage, lostRuns, rootSpans } = status;
  const parts = [materialiser, feed, usage, lostRuns, rootSpans];
  const failures = parts.map((part) => part?.failure ?? "");
  return failures.find((failure) => failure !== "") ?? "";
}

/** Reports for the API server: everybody who may read objects may read them, and who is no admin sees `reportForReaders`. */
export function reportResource(report: Reporter): ConnectedResource {
  return {
    ...{ group: "clrk.apoxy.dev", version: "v1alpha1", plural: "controlstatus", subresource: "" },
    ...{ kind: "ControlStatus", namespaced: false, verbs: ["list"], needsObject: false },
    answer: async ({ user }) => {
      const found = await report();
      const body = JSON.stringify(user.role === "admin" ? found : reportForReaders(found));
      return { status: 200, body };
    },
  };
}

/** The report without names of files, addresses and what the system said: states, numbers and what to do are left. */
export function reportForReaders(report: ControlReport): ControlReport {
  const { files, telemetry, invocations } = report;
  const { store, otlp, forwarded, advice } = telemetry;
  // Those who only read do not see which Secrets there are.
  const named = files.deleted.filter(({ object }) => !object.startsWith("Secret "));
  return {
    ...report,
    files: { ...files, deleted: named.map((one) => ({ ...one, file: null })) },
    telemetry: {
      ...telemetry,
      problem: advice,
      store: { ...store, place: null },
      otlp: otlp === null ? null : { ...otlp, address: null },
      forwarded: forwarded === null ? null : { ...forwarded, problem: null },
    },
    invocations: {
      ...invocations,
      problem: invocations.problem === null ? null : invocationAdvice,
    },
  };
}

/** Where lines go. */
export interface ReportLines {
  readonly clock: Clock;
  /** Takes a line, and calls back when the system has it, or never will */
  readonly write: (line: string, onTaken: () => void) => void;
}

/**
 * Writes a line for each report, at once and every 2 s, until what it gives is called. While a line waits none is added:
 * whoever reads again is told the state of then, and a reader that stopped costs one line of memory.
 */
export function writeReports(report: Reporter, { clock, write }: ReportLines): () => void {
  let isEnding = false;
  let isWaiting = false;
  let skipped = 0;
  let timer: ReturnType<Clock["setTimeout"]> | undefined;
  const tell = async (): Promise<number> => {
    if (isWaiting) {
      skipped++;
      return steadyMs;
    }
    const found = await report();
    if (isEnding) return steadyMs;
    const line: ReportLine = { kind: "report", report: found, skipped };
    isWaiting = true;
    write(`${JSON.stringify(line)}\n`, () => {
      isWaiting = false;
    });
    return found.telemetry.state === "opening" ? openingMs : steadyMs;
  };
  const goOn = async () => {
    const pauseMs = await tell();
    if (isEnding) return;
    timer = clock.setTimeout(() => void goOn(), pauseMs);
    timer.unref();
  };
  void goOn();
  return () => {
    isEnding = true;
    clock.clearTimeout(timer);
  };
}
