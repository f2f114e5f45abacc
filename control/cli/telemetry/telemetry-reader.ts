/**
 * Reads telemetry of an agent from the read API: pages, and then what comes. Invariant: following loses nothing and
 * gives nothing twice, however often its stream breaks, because it goes on after the position of the last line that was
 * handled; where the server has forgotten that place, it says so.
 */
import { systemClock } from "../../../gateway/clock.ts";
import type { Clock } from "../../../gateway/clock.ts";
import type { ApiClient, ApiStream } from "../api-client.ts";
import { ApiError } from "../api-error.ts";
import { CliError } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { tryReadDocument } from "./otlp-document.ts";
import type { TelemetryItem, TelemetrySignal } from "./otlp-document.ts";
import { pause } from "./pause.ts";

/** What is read. */
export interface TelemetryQuery {
  readonly signal: TelemetrySignal;
  /** Of `…/logs` or `…/traces` */
  readonly path: string;
  /** Filters, as the API has them */
  readonly filters: Readonly<Record<string, string | undefined>>;
}

/** What pages gave. */
export interface TelemetryPages {
  /** The oldest first */
  readonly items: readonly TelemetryItem[];
  /** Where following goes on; undefined where the server did not say */
  readonly position: string | undefined;
  /** Whether there are older ones that fit, but are beyond the limit */
  readonly hasMore: boolean;
}

/** How a stream is followed. */
export interface FollowOptions {
  /** A client for the next connection: a server that was started again has another port and token */
  readonly connect: () => Promise<ApiClient>;
  readonly query: TelemetryQuery;
  /** Goes on there; from now on when absent */
  readonly after: string | undefined;
  /** Ends it, without an error */
  readonly signal: AbortSignal;
  /** Told once when the connection is lost, once when it is there again, and of what is lost for good */
  readonly tell: (notice: FollowNotice) => void;
  readonly clock?: Clock;
}

/** What a person should know about a stream. */
export type FollowNotice =
  | { readonly kind: "interrupted"; readonly reason: string }
  | { readonly kind: "resumed" }
  /** What came between two places was dropped by retention, and nobody has it */
  | { readonly kind: "gap" };

// Bodies make spans large: an answer is read as a whole.
const pageItems = { logs: 1_000, traces: 250 } as const;
const firstWaitMs = 250;
const longestWaitMs = 10_000;
/** The server gives a line at least every 10 s; a connection that gives none is dead, and nobody would hear of it. */
const silenceMs = 30_000;

/** Reads the newest items, up to a limit, in as many pages as that takes. */
export async function readPages(
  client: ApiClient,
  query: TelemetryQuery,
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
): Promise<TelemetryPages> {
  const newestFirst: TelemetryItem[] = [];
  let position: string | undefined;
  let token: string | undefined;
  do {
    const wanted = Math.min(pageItems[query.signal], limit - newestFirst.length);
    const { headers, body } = await client.request({
      path: query.path,
      query: { ...query.filters, limit: wanted, continue: token },
      signal,
    });
    const document = tryReadDocument(body, query.signal);
    if (document === undefined) throw notUnderstood(client);
    newestFirst.push(...document.items);
    // The place of the first page: what comes while others are read is newer than all of them.
    position ??= headerOf(headers["x-clrk-position"]);
    token = headerOf(headers["x-clrk-continue"]);
  } while (token !== undefined && newestFirst.length < limit);
  return {
    items: newestFirst.slice(0, limit).reverse(),
    position,
    hasMore: token !== undefined || newestFirst.length > limit,
  };
}

/** Gives what comes, batch by batch; ends when `signal` aborts, and throws an `ApiError` where trying again cannot help. */
export async function* follow(options: FollowOptions): AsyncGenerator<readonly TelemetryItem[]> {
  const { query, signal, tell, clock = systemClock } = options;
  let after = options.after;
  let waitMs = firstWaitMs;
  let isLost = false;
  while (!signal.aborted) {
    try {
      const stream = await openStream(options, after);
      for await (const { items, position } of documentsOf(stream, query.signal, clock)) {
        if (signal.aborted) return;
        if (isLost) tell({ kind: "resumed" });
        isLost = false;
        waitMs = firstWaitMs;
        if (items.length > 0) yield items;
        // Only now it is handled.
        after = position ?? after;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isGone(error) && after !== undefined) {
        tell({ kind: "gap" });
        after = undefined;
        continue;
      }
      if (isFinal(error)) throw error;
      if (!isLost) tell({ kind: "interrupted", reason: firstLine(error) });
      isLost = true;
    }
    await pause(waitMs, signal, clock);
    waitMs = Math.min(waitMs * 2, longestWaitMs);
  }
}

async function openStream(
  { connect, query, signal }: FollowOptions,
  after: string | undefined,
): Promise<ApiStream> {
  const client = await connect();
  const filters = { ...query.filters };
  // The page gave what is older, and so did the stream before.
  if (after !== undefined) delete filters["since"];
  return client.stream({
    path: query.path,
    query: { ...filters, follow: true, after },
    accept: "application/x-ndjson",
    signal,
  });
}

async function* documentsOf(stream: ApiStream, signal: TelemetrySignal, clock: Clock) {
  let timer = clock.setTimeout(() => stream.close(), silenceMs);
  try {
    for await (const line of stream.lines()) {
      clock.clearTimeout(timer);
      const document = tryReadDocument(tryParse(line), signal);
      // Half a line of a stream that was cut: it comes again.
      if (document === undefined) return;
      yield document;
      timer = clock.setTimeout(() => stream.close(), silenceMs);
    }
  } finally {
    clock.clearTimeout(timer);
    stream.close();
  }
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // said by the caller
  }
}

function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 410;
}

/** 429 and 5xx pass; a wrong question does not, nor does a server that is not ours. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof ApiError)) return !(error instanceof CliError);
  if (error.failure === "untrusted" || error.failure === "unreadable") return true;
  return error.status >= 400 && error.status < 500 && ![408, 425, 429].includes(error.status);
}

function firstLine(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}

function headerOf(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return text === "" ? undefined : text;
}

function notUnderstood({ target }: ApiClient): CliError {
  return new CliError(
    `Cannot understand the API server at ${escapeControls(target.server)}: its answer is no telemetry\nIs it of another version? See: clrk version`,
  );
}
