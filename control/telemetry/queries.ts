/**
 * What is asked of stored telemetry: pages of one snapshot, following without a loss, one trace, one invocation. Values
 * are bound parameters; the text of a statement is made of what stands here.
 */
import { encodePlace } from "./continue-token.ts";
import type { PagePlace } from "./continue-token.ts";
import { sequenceAt, sequenceMs } from "./ingest-sequence.ts";
import { storeErrorCode } from "./store-client.ts";
import type { StoreClient, StoreParameters, StoreRow } from "./store-client.ts";
import { toAccessLog, toStoredLog } from "./stored-log.ts";
import type { StoredLog } from "./stored-log.ts";
import { spanSelection, text, toStoredSpan } from "./stored-span.ts";
import type { StoredSpan } from "./stored-span.ts";

/** The agent whose telemetry is asked for; nothing of any other is given. */
export interface AgentScope {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/** What narrows a list within its scope. */
export interface ItemFilter {
  readonly invocationId?: string;
  readonly components?: readonly string[];
  /** Of logs: `stdout`, `stderr`; then there are no access lines */
  readonly ioStream?: string;
  /** Unix `ns`, inclusive */
  readonly sinceNs?: bigint;
  /** Unix `ns`, exclusive */
  readonly untilNs?: bigint;
}

/** One page, newest first. */
export interface PageRequest extends ItemFilter {
  readonly scope: AgentScope;
  /** From 1 to 1,000 */
  readonly limit: number;
  /** Where the page before ended; absent: the first page of a new snapshot */
  readonly place?: PagePlace;
  readonly signal?: AbortSignal;
}

/** The items of a page. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** For the next page; undefined when this is the last */
  readonly continue: string | undefined;
  /** What belongs to the list was stored up to here: where following goes on without a gap */
  readonly highWater: bigint;
}

/** What was stored after a sequence, in order of storing. */
export interface FollowRequest extends ItemFilter {
  readonly scope: AgentScope;
  /** The last sequence that the follower has; its items come no more */
  readonly after: bigint;
  /** From 1 to 10,000; of large items there come fewer */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

/** Items of a follower. */
export interface FollowBatch<Item> {
  readonly items: readonly Item[];
  /** Where to go on: everything up to here was given */
  readonly last: bigint;
  /** More is there already */
  readonly isMore: boolean;
}

/** What queries need. */
export interface TelemetryQueriesOptions {
  readonly client: Pick<StoreClient, "query">;
  /** Everything up to this sequence is stored, and nothing will be stored below it any more */
  readonly highWater: () => bigint | Promise<bigint>;
}

/** A clock of an agent may be so much ahead of ours. */
const skewMs = 24 * 3_600_000;

/** An hour, six and a day in `ns`. */
const windowsNs: readonly bigint[] = [1n, 6n, 24n].map((hours) => hours * 3_600_000_000_000n);

const mostPerPage = 1_000;

/** Rows of 256 KiB, the most that agents may send, take 64 MiB then. */
const mostAtOnce = 250;
const mostPerBatch = 10_000;

/** Items that are read together for a follower, as JSON; but for the first statement, whose rows may be of any size. */
const mostCharacters = 8 * 1024 * 1024;

/** TIMEOUT_EXCEEDED, MEMORY_LIMIT_EXCEEDED, QUERY_WAS_CANCELLED (by whoever guards memory), TOO_MANY_ROWS_OR_BYTES */
const tooMuch: ReadonlySet<number | undefined> = new Set([159, 241, 394, 396]);

/** Spans of one trace or invocation; beyond that the oldest are given. */
const mostPerTrace = 10_000;

/** Reads of a store. Errors of the store are thrown as they come. */
export class TelemetryQueries {
  readonly #options: TelemetryQueriesOptions;

  constructor(options: TelemetryQueriesOptions) {
    this.#options = options;
  }

  /** A page of an agent's spans. */
  spanPage(request: PageRequest): Promise<Page<StoredSpan>> {
    return this.#page(request, spanReaders);
  }

  /** A page of an agent's logs and of the access lines of its records. */
  logPage(request: PageRequest): Promise<Page<StoredLog>> {
    return this.#page(request, logReaders(request));
  }

  /** An agent's spans in order of storing. */
  followSpans(request: FollowRequest): Promise<FollowBatch<StoredSpan>> {
    return this.#follow(request, spanReaders);
  }

  /** An agent's logs and the access lines of its records in order of storing. */
  followLogs(request: FollowRequest): Promise<FollowBatch<StoredLog>> {
    return this.#follow(request, logReaders(request));
  }

  /** The spans of a trace within a namespace, oldest first; at most 10,000. */
  traceSpans(
    namespace: string,
    traceId: string,
    signal?: AbortSignal,
  ): Promise<readonly StoredSpan[]> {
    return this.#spansBy("TraceId", { namespace, id: traceId, signal });
  }

  /** The spans of an invocation within a namespace, oldest first; at most 10,000. */
  invocationSpans(
    namespace: string,
    invocationId: string,
    signal?: AbortSignal,
  ): Promise<readonly StoredSpan[]> {
    return this.#spansBy("InvocationId", { namespace, id: invocationId, signal });
  }

  async #spansBy(
    column: "TraceId" | "InvocationId",
    {
      namespace,
      id,
      signal,
    }: {
      readonly namespace: string;
      readonly id: string;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<readonly StoredSpan[]> {
    const rows = await this.#options.client.query(
      `SELECT ${spanSelection} FROM otel_traces
WHERE ${column} = {id:String} AND AgentNamespace = {namespace:String}
ORDER BY Timestamp, Sequence LIMIT {limit:UInt32}`,
      { id, namespace, limit: mostPerTrace },
      options(signal),
    );
    return rows.map(toStoredSpan);
  }

  async #page<Item extends StoredSpan | StoredLog>(
    request: PageRequest,
    readers: readonly Reader<Item>[],
  ): Promise<Page<Item>> {
    const { place } = request;
    const limit = checkLimit(request.limit, mostPerPage);
    const highWater = place?.highWater ?? (await this.#options.highWater());
    const conditions = ["Sequence <= {highWater:UInt64}"];
    if (place !== undefined) {
      conditions.push(
        // The first line is what the primary key understands.
        "Timestamp <= fromUnixTimestamp64Nano({placeNs:Int64}, 'UTC')",
        "(Timestamp, Sequence) < (fromUnixTimestamp64Nano({placeNs:Int64}, 'UTC'), {placeSequence:UInt64})",
      );
    }
    const query: KeyQuery = {
      conditions,
      order: "ORDER BY Timestamp DESC, Sequence DESC",
      limit: limit + 1,
      parameters: {
        highWater,
        ...(place !== undefined && { placeNs: place.timeNs, placeSequence: place.sequence }),
      },
    };
    // Where nothing else says an end, it is about now.
    const nowNs = BigInt(sequenceMs(highWater)) * 1_000_000n;
    const endNs = place?.timeNs ?? request.untilNs ?? nowNs;
    const keys = await this.#newestKeys(request, readers, { query, endNs });
    const shown = keys.slice(0, limit);
    const last = shown.at(-1);
    const isMore = keys.length > limit && last !== undefined;
    return {
      items: await this.#items(request, readers, shown),
      highWater,
      continue: isMore ? encodePlace({ highWater, ...last }) : undefined,
    };
  }

  async #follow<Item extends StoredSpan | StoredLog>(
    request: FollowRequest,
    readers: readonly Reader<Item>[],
  ): Promise<FollowBatch<Item>> {
    const { after } = request;
    const limit = checkLimit(request.limit, mostPerBatch);
    // What is stored while the statement runs comes with the next one: none can be passed over.
    const highWater = await this.#options.highWater();
    if (highWater <= after) return { items: [], last: after, isMore: false };
    const keys = await this.#keys(request, readers, {
      conditions: ["Sequence > {after:UInt64}", "Sequence <= {highWater:UInt64}"],
      order: "ORDER BY Sequence",
      limit,
      parameters: { after, highWater },
    });
    const { items, read } = await this.#firstItems(request, readers, keys);
    const isMore = keys.length === limit || read < keys.length;
    return { items, isMore, last: (isMore ? keys[read - 1]?.sequence : undefined) ?? highWater };
  }

  /**
   * The items of the first keys, as far as they take little memory: each statement reads whole granules of the store, so
   * that what is small comes much cheaper in large numbers.
   */
  async #firstItems<Item extends StoredSpan | StoredLog>(
    request: ScopedRequest,
    readers: readonly Reader<Item>[],
    keys: readonly RowKey[],
  ): Promise<{ readonly items: readonly Item[]; readonly read: number }> {
    const first = keys.slice(0, mostAtOnce);
    const items = await this.#someItems(request, readers, first);
    const characters = JSON.stringify(items).length / Math.max(1, items.length);
    const count = Math.floor(mostCharacters / characters) - first.length;
    const more = keys.slice(first.length, first.length + Math.max(0, count));
    if (more.length === 0) return { items, read: first.length };
    try {
      const others = await this.#someItems(request, readers, more);
      return { items: [...items, ...others], read: first.length + more.length };
    } catch (error) {
      // They may be larger than the first: the next read begins with them.
      if (tooMuch.has(storeErrorCode(error))) return { items, read: first.length };
      throw error;
    }
  }

  /**
   * The keys of a page, which are the newest of its time: they are looked for in growing windows, so that the page of an
   * agent that is at work does not read all that it did in that time. A window that fills the page has all of it.
   */
  async #newestKeys<Item>(
    request: PageRequest,
    readers: readonly Reader<Item>[],
    { query, endNs }: { readonly query: KeyQuery; readonly endNs: bigint },
  ): Promise<readonly RowKey[]> {
    const { sinceNs = 0n } = request;
    for (const windowNs of windowsNs.filter((length) => endNs - length > sinceNs)) {
      const keys = await this.#keys(request, readers, {
        ...query,
        // By time alone: a row may have been stored long after or before the time that it says.
        conditions: [
          ...query.conditions,
          "Timestamp >= fromUnixTimestamp64Nano({windowNs:Int64}, 'UTC')",
        ],
        parameters: { ...query.parameters, windowNs: endNs - windowNs },
      });
      if (keys.length >= query.limit) return keys;
    }
    return this.#keys(request, readers, query);
  }

  /** Which rows they are. Reading all of them at once would open every column of every part. */
  async #keys<Item>(
    request: ScopedRequest,
    readers: readonly Reader<Item>[],
    { conditions, order, limit, parameters }: KeyQuery,
  ): Promise<readonly RowKey[]> {
    const all = [...scopeConditions, ...filterConditions(request), ...conditions];
    const selects = readers.map(({ table, only }) => {
      const where = [...all, ...only].join(" AND ");
      return `SELECT * FROM (SELECT Timestamp, Sequence FROM ${table} WHERE ${where} ${order} LIMIT {limit:UInt32})`;
    });
    const sql = `SELECT toUnixTimestamp64Nano(Timestamp) AS TimeNs, Sequence FROM (
${selects.join("\nUNION ALL\n")}
) ${order} LIMIT {limit:UInt32} SETTINGS optimize_read_in_order = 0`;
    const rows = await this.#options.client.query(
      sql,
      { ...filterParameters(request), ...parameters, limit },
      options(request.signal),
    );
    return rows.map((row) => ({
      timeNs: BigInt(text(row["TimeNs"])),
      sequence: BigInt(text(row["Sequence"])),
    }));
  }

  /** The rows of some keys, in their order; so many at once as the store has memory for, whatever is in them. */
  async #items<Item extends StoredSpan | StoredLog>(
    request: ScopedRequest,
    readers: readonly Reader<Item>[],
    keys: readonly RowKey[],
  ): Promise<readonly Item[]> {
    const items: Item[] = [];
    for (let at = 0; at < keys.length; at += mostAtOnce) {
      items.push(...(await this.#someItems(request, readers, keys.slice(at, at + mostAtOnce))));
    }
    return items;
  }

  async #someItems<Item extends StoredSpan | StoredLog>(
    request: ScopedRequest,
    readers: readonly Reader<Item>[],
    keys: readonly RowKey[],
  ): Promise<readonly Item[]> {
    const times = keys.map(({ timeNs }) => timeNs).sort(ascending);
    const sequences = keys.map(({ sequence }) => sequence).sort(ascending);
    const where = [...scopeConditions, ...keyConditions].join(" AND ");
    const parameters = {
      ...scopeParameters(request.scope),
      firstNs: times[0] ?? 0n,
      lastNs: times.at(-1) ?? 0n,
      first: sequences[0] ?? 0n,
      last: sequences.at(-1) ?? 0n,
      sequences,
    };
    const found = new Map<string, Item>();
    for (const { table, selection, toItem } of readers) {
      const sql = `SELECT ${selection} FROM ${table} WHERE ${where} LIMIT 10000`;
      const rows = await this.#options.client.query(sql, parameters, options(request.signal));
      for (const row of rows) found.set(text(row["Sequence"]), toItem(row));
    }
    return keys.flatMap(({ sequence }) => found.get(String(sequence)) ?? []);
  }
}

/** How rows of one table become items. */
interface Reader<Item> {
  readonly table: string;
  readonly selection: string;
  /** Conditions of this table alone */
  readonly only: readonly string[];
  readonly toItem: (row: StoreRow) => Item;
}

interface RowKey {
  readonly timeNs: bigint;
  readonly sequence: bigint;
}

interface KeyQuery {
  readonly conditions: readonly string[];
  readonly order: string;
  readonly limit: number;
  readonly parameters: StoreParameters;
}

interface ScopedRequest extends ItemFilter {
  readonly scope: AgentScope;
  readonly signal?: AbortSignal;
}

const spanReaders: readonly Reader<StoredSpan>[] = [
  { table: "otel_traces", selection: spanSelection, only: [], toItem: toStoredSpan },
];

const logReader: Reader<StoredLog> = {
  table: "otel_logs",
  selection: "* EXCEPT Timestamp, toUnixTimestamp64Nano(Timestamp) AS TimeNs",
  only: [],
  toItem: toStoredLog,
};

const lineReader: Reader<StoredLog> = {
  table: "otel_traces",
  selection: "* EXCEPT ('Timestamp|Events.*|Links.*'), toUnixTimestamp64Nano(Timestamp) AS TimeNs",
  only: ["AccessLine != ''"],
  toItem: toAccessLog,
};

/** Access lines came by no stream. */
function logReaders({ ioStream }: ItemFilter): readonly Reader<StoredLog>[] {
  return ioStream === undefined
    ? [logReader, lineReader]
    : [{ ...logReader, only: ["IoStream = {ioStream:String}"] }];
}

const scopeConditions = [
  "AgentNamespace = {namespace:String}",
  "AgentKind = {kind:String}",
  "AgentName = {name:String}",
];

const keyConditions = [
  "Timestamp >= fromUnixTimestamp64Nano({firstNs:Int64}, 'UTC')",
  "Timestamp <= fromUnixTimestamp64Nano({lastNs:Int64}, 'UTC')",
  "Sequence >= {first:UInt64}",
  "Sequence <= {last:UInt64}",
  "Sequence IN {sequences:Array(UInt64)}",
];

function scopeParameters({ namespace, kind, name }: AgentScope) {
  return { namespace, kind, name };
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function filterConditions(filter: ItemFilter): string[] {
  const { invocationId, components, sinceNs, untilNs } = filter;
  return [
    ...(invocationId === undefined ? [] : ["InvocationId = {invocationId:String}"]),
    ...(components === undefined ? [] : ["Component IN {components:Array(String)}"]),
    ...(sinceNs === undefined
      ? []
      : [
          "Timestamp >= fromUnixTimestamp64Nano({sinceNs:Int64}, 'UTC')",
          // Leaves out whole partitions.
          "Sequence >= {sinceSequence:UInt64}",
        ]),
    ...(untilNs === undefined
      ? []
      : ["Timestamp < fromUnixTimestamp64Nano({untilNs:Int64}, 'UTC')"]),
  ];
}

function filterParameters({ scope, ...filter }: ScopedRequest): StoreParameters {
  const { invocationId, components, ioStream, sinceNs, untilNs } = filter;
  return {
    ...scopeParameters(scope),
    ...(invocationId !== undefined && { invocationId }),
    ...(components !== undefined && { components }),
    ...(ioStream !== undefined && { ioStream }),
    ...(sinceNs !== undefined && {
      sinceNs,
      sinceSequence: sequenceAt(Number(sinceNs / 1_000_000n) - skewMs),
    }),
    ...(untilNs !== undefined && { untilNs }),
  };
}

function checkLimit(limit: number, most: number): number {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > most) {
    throw new RangeError(`Cannot read ${limit} items: want a whole number from 1 to ${most}`);
  }
  return limit;
}

function options(signal: AbortSignal | undefined) {
  return signal === undefined ? {} : { signal };
}
