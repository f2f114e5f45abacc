/**
 * Follows objects: what is there, then every change, over disconnects and forgotten versions.
 * Invariant: after a gap nothing is missing: what changed meanwhile is told, what is gone is told as deleted.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { ApiClient, ApiStream } from "./api-client.ts";
import { ApiError, refusalOf, unreadableOf } from "./api-error.ts";
import { pathOf } from "./api-resources.ts";
import type { ApiResource } from "./api-resources.ts";
import { mapOf, numberOf, textOf } from "./json-parts.ts";
import { listObjects, queryOf, readTable, tableType } from "./object-reads.ts";
import type { ObjectRow, Selection, ServerColumn } from "./object-reads.ts";
import { keyOf } from "./stored-object.ts";

/** Waits between attempts to connect again, doubled up to the longest. */
const firstWaitMs = 100;
const longestWaitMs = 5_000;

/** One change. */
export interface ObjectEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly row: ObjectRow;
  readonly columns: readonly ServerColumn[];
}

/** How to follow. */
export interface WatchOptions {
  readonly selection: Selection;
  /** Ends it */
  readonly signal: AbortSignal;
  /** Told once when the server is lost, until it was there again */
  readonly onLost: (error: ApiError) => void;
}

/**
 * What is there as `ADDED`, in the order of the server, then changes as they come, until the signal aborts. Throws an
 * `ApiError` when it is refused (401, 403, 404 …), and when nobody answers the first time; later it waits for the server.
 */
export async function* watchObjects(
  client: ApiClient,
  resource: ApiResource,
  options: WatchOptions,
): AsyncGenerator<ObjectEvent> {
  const follower = new Follower(client, resource, options);
  const { signal } = options;
  while (!signal.aborted) {
    try {
      yield* follower.changes();
    } catch (error) {
      if (signal.aborted) return;
      if (!follower.takesAgain(error)) throw error;
    }
    await follower.pause();
  }
}

class Follower {
  readonly #client: ApiClient;
  readonly #resource: ApiResource;
  readonly #options: WatchOptions;
  readonly #known = new Map<string, ObjectRow>();
  #columns: readonly ServerColumn[] = [];
  /** Revision up to which everything was told; empty where a list is needed */
  #at = "";
  #hasListed = false;
  #isLost = false;
  #waitMs = firstWaitMs;

  constructor(client: ApiClient, resource: ApiResource, options: WatchOptions) {
    this.#client = client;
    this.#resource = resource;
    this.#options = options;
  }

  async *changes(): AsyncGenerator<ObjectEvent> {
    if (this.#at === "") yield* this.#list();
    const { selection, signal } = this.#options;
    const stream = await this.#client.stream({
      path: pathOf(this.#resource, { namespace: selection.namespace ?? "" }),
      accept: tableType,
      query: {
        ...queryOf(selection),
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: this.#at,
      },
      signal,
    });
    this.#isLost = false;
    const close = () => stream.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      yield* this.#read(stream);
    } finally {
      signal.removeEventListener("abort", close);
      stream.close();
    }
  }

  async *#list(): AsyncGenerator<ObjectEvent> {
    // A limit says how many are shown at first; a watch has to know all of them.
    const { limit: _, ...all } = this.#options.selection;
    const table = await listObjects(this.#client, this.#resource, all);
    this.#hasListed = true;
    this.#columns = table.columns;
    const gone = new Map(this.#known);
    for (const row of table.rows) {
      const key = keyOf(row.object);
      const before = gone.get(key);
      gone.delete(key);
      if (before !== undefined && versionOf(before) === versionOf(row)) continue;
      yield this.#event(before === undefined ? "ADDED" : "MODIFIED", row);
    }
    for (const row of gone.values()) yield this.#event("DELETED", row);
    this.#at = table.resourceVersion;
  }

  async *#read(stream: ApiStream): AsyncGenerator<ObjectEvent> {
    for await (const line of stream.lines()) {
      const event = this.#parse(line);
      const type = textOf(event["type"]);
      if (type === "ERROR") throw this.#refusal(event["object"]);
      const page = readTable(this.#client, event["object"]);
      if (page.columns.length > 0) this.#columns = page.columns;
      if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") {
        for (const row of page.rows) yield this.#event(type, row);
      }
      const [row] = page.rows;
      const version = row === undefined ? page.resourceVersion : versionOf(row);
      if (version !== "") this.#at = version;
      // It works: the next cut is a new one.
      this.#waitMs = firstWaitMs;
    }
  }

  #parse(line: string): Readonly<Record<string, unknown>> {
    try {
      return mapOf(JSON.parse(line));
    } catch (cause) {
      throw unreadableOf("an event of a watch is not JSON", this.#client.target, cause);
    }
  }

  #refusal(status: unknown): ApiError {
    return refusalOf(numberOf(mapOf(status)["code"], 500), status, this.#client.target);
  }

  #event(type: ObjectEvent["type"], row: ObjectRow): ObjectEvent {
    const key = keyOf(row.object);
    if (type === "DELETED") this.#known.delete(key);
    else this.#known.set(key, { ...row, cells: [] });
    return { type, row, columns: this.#columns };
  }

  /** Whether to go on after this; tells that the server is lost. */
  takesAgain(error: unknown): boolean {
    if (!(error instanceof ApiError) || !this.#hasListed) return false;
    if (error.failure === "expired") {
      this.#at = "";
      return true;
    }
    if (error.failure !== "unreachable" && error.status < 500 && error.status !== 429) return false;
    if (!this.#isLost) this.#options.onLost(error);
    this.#isLost = true;
    return true;
  }

  async pause(): Promise<void> {
    const { signal } = this.#options;
    await wait(this.#waitMs, undefined, { signal }).catch(() => {}); // ended
    this.#waitMs = Math.min(2 * this.#waitMs, longestWaitMs);
  }
}

function versionOf({ object }: ObjectRow): string {
  return textOf(object.metadata["resourceVersion"]);
}
