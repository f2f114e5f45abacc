/**
 * What is asked of stored telemetry: pages of one snapshot, following without a loss, one trace, one invocation. Values
 * are bound parameters; the text of a statement is made of what stands here.
 */
import { encodePlace } from "./continue-token.ts";
import type { PagePlace } from "./continue-token.ts";
import { sequenceAt } from "./ingest-sequence.ts";
import type { StoreClient, StoreParameters, StoreRow } from "./store-client.ts";
import { toAccessLog, toStoredLog } from "./stored-log.ts";
import type { StoredLog } from "./stored-log.ts";
import { spanSelection, toStoredSpan } from "./stored-span.ts";
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
  /** From 1 to 10,000 */
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

const mostPerPage = 1_000;
const mostPerBatch = 10_000;

/** Spans of one trace or invocation; beyond that the oldest are given. */
const mostPerTrace = 10_000;

const newestFirst = "ORDER BY Timestamp DESC, Sequence DESC LIMIT {limit:UInt32}";
const inOrder = "ORDER BY Sequence LIMIT {limit:UInt32}";

type Tables = "spans" | "logs";

/** Reads of a store. Errors of the store are thrown as they come. */
export class TelemetryQueries {
  readonly #options: TelemetryQueriesOptions;

  constructor(options: TelemetryQueriesOptions) {
    this.#options = options;
  }

  /** A page of an agent's spans. */
  spanPage(request: PageRequest): Promise<Page<StoredSpan>> {
    return this.#page(request, "spans", toStoredSpan);
  }

  /** A page of an agent's logs and of the access lines of its records. */
  logPage(request: PageRequest): Promise<Page<StoredLog>> {
    return this.#page(request, "logs", toLog);
  }

  /** An agent's spans in order of storing. */
  followSpans(request: FollowRequest): Promise<FollowBatch<StoredSpan>> {
    return this.#follow(request, "spans", toStoredSpan);
  }

  /** An agent's logs and the access lines of its records in order of storing. */
  followLogs(request: FollowRequest): Promise<FollowBatch<StoredLog>> {
    return this.#follow(request, "logs", toLog);
  }

  /** The spans of a trace within a namespace, oldest first; at most 10,000. */
  async traceSpans(namespace: string, traceId: string): Promise<readonly StoredSpan[]> {
    const rows = await this.#options.client.query(
      `SELECT ${spanSelection} FROM otel_traces
WHERE TraceId = {traceId:String} AND AgentNamespace = {namespace:String}
ORDER BY Timestamp, Sequence LIMIT {limit:UInt32}`,
      { traceId, namespace, limit: mostPerTrace },
    );
    return rows.map(toStoredSpan);
  }

  /** The spans of an invocation within a namespace, oldest first; at most 10,000. */
  async invocationSpans(namespace: string, invocationId: string): Promise<readonly StoredSpan[]> {
    const rows = await this.#options.client.query(
      `SELECT ${spanSelection} FROM otel_traces
WHERE InvocationId = {invocationId:String} AND AgentNamespace = {namespace:String}
ORDER BY Timestamp, Sequence LIMIT {limit:UInt32}`,
      { invocationId, namespace, limit: mostPerTrace },
    );
    return rows.map(toStoredSpan);
  }

  async #page<Item extends StoredSpan | StoredLog>(
    request: PageRequest,
    tables: Tables,
    toItem: (row: StoreRow) => Item,
  ): Promise<Page<Item>> {
    const { scope, place, signal } = request;
    const limit = checkLimit(request.limit, mostPerPage);
    const highWater = place?.highWater ?? (await this.#options.highWater());
    const conditions = [...filterConditions(request), "Sequence <= {highWater:UInt64}"];
    if (place !== undefined) {
      conditions.push(
        // The first line is what the primary key understands.
        "Timestamp <= fromUnixTimestamp64Nano({placeNs:Int64}, 'UTC')",
        "(Timestamp, Sequence) < (fromUnixTimestamp64Nano({placeNs:Int64}, 'UTC'), {placeSequence:UInt64})",
      );
    }
    const parameters = {
      ...filterParameters(scope, request),
      highWater,
      limit: limit + 1,
      ...(place !== undefined && { placeNs: place.timeNs, placeSequence: place.sequence }),
    };
    const sql = statement(tables, request, { conditions, order: newestFirst });
    const rows = await this.#options.client.query(sql, parameters, options(signal));
    const items = rows.slice(0, limit).map(toItem);
    const last = items.at(-1);
    const isMore = rows.length > limit && last !== undefined;
    return {
      items,
      highWater,
      continue: isMore
        ? encodePlace({
            highWater,
            timeNs: BigInt(last.timeUnixNs),
            sequence: BigInt(last.sequence),
          })
        : undefined,
    };
  }

  async #follow<Item extends StoredSpan | StoredLog>(
    request: FollowRequest,
    tables: Tables,
    toItem: (row: StoreRow) => Item,
  ): Promise<FollowBatch<Item>> {
    const { scope, after, signal } = request;
    const limit = checkLimit(request.limit, mostPerBatch);
    // What is stored while the statement runs comes with the next one: none can be passed over.
    const highWater = await this.#options.highWater();
    if (highWater <= after) return { items: [], last: after, isMore: false };
    const conditions = [
      ...filterConditions(request),
      "Sequence > {after:UInt64}",
      "Sequence <= {highWater:UInt64}",
    ];
    const parameters = { ...filterParameters(scope, request), after, highWater, limit };
    const sql = statement(tables, request, { conditions, order: inOrder });
    const rows = await this.#options.client.query(sql, parameters, options(signal));
    const items = rows.map(toItem);
    const isMore = items.length === limit;
    return { items, isMore, last: isMore ? BigInt(items.at(-1)?.sequence ?? after) : highWater };
  }
}

interface StatementParts {
  readonly conditions: readonly string[];
  readonly order: string;
}

function statement(tables: Tables, filter: ItemFilter, parts: StatementParts): string {
  if (tables === "spans") return select(spanSelection, "otel_traces", parts);
  const logs = select(logSelection, "otel_logs", parts);
  if (filter.ioStream !== undefined) return logs;
  const lines = select(lineSelection, "otel_traces", {
    ...parts,
    conditions: [...parts.conditions, "AccessLine != ''"],
  });
  // Each side has its own bound, so that neither reads more than the page needs.
  return `SELECT * FROM (
SELECT * FROM (${logs})
UNION ALL
SELECT * FROM (${lines})
) ${parts.order.replace("Timestamp", "TimeNs")}`;
}

function select(selection: string, table: string, { conditions, order }: StatementParts): string {
  const all = [
    "AgentNamespace = {namespace:String}",
    "AgentKind = {kind:String}",
    "AgentName = {name:String}",
    ...conditions,
  ];
  return `SELECT ${selection} FROM ${table} WHERE ${all.join(" AND ")} ${order}`;
}

function filterConditions(filter: ItemFilter): string[] {
  const { invocationId, components, ioStream, sinceNs, untilNs } = filter;
  return [
    ...(invocationId === undefined ? [] : ["InvocationId = {invocationId:String}"]),
    ...(components === undefined ? [] : ["Component IN {components:Array(String)}"]),
    ...(ioStream === undefined ? [] : ["IoStream = {ioStream:String}"]),
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

function filterParameters(scope: AgentScope, filter: ItemFilter): StoreParameters {
  const { invocationId, components, ioStream, sinceNs, untilNs } = filter;
  return {
    namespace: scope.namespace,
    kind: scope.kind,
    name: scope.name,
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

const commonSelection = `Sequence, toUnixTimestamp64Nano(Timestamp) AS TimeNs, Source,
AgentNamespace, AgentKind, AgentName, AgentUid, AgentRevision, InvocationId, EgressGateway, Component,
ServiceName, TraceId, SpanId, ResourceAttributes, ResourceAttributeTypes, ScopeName, ScopeVersion`;

/** Columns of a record that its attributes are made of. */
const recordColumns = [
  ...["HttpMethod", "ServerAddress", "UrlPath", "Operation", "RequestModel", "ResponseModel"],
  ...["McpMethod", "McpTool", "McpOutcome", "Route", "Verdict", "Reason", "RecordId", "RecordKind"],
  ...["UrlScheme", "ProtocolVersion", "UserAgent", "ClientAddress", "UpstreamAddress", "Provider"],
  ...["ResponseDetails", "ResponseId", "CredentialName", "ListenerMode", "Tier", "AccessLine"],
] as const;

const recordNumbers = [
  ...["HttpStatus", "RequestBytes", "ResponseBytes", "InputTokens", "OutputTokens"],
  ...["CacheReadTokens", "CacheWriteTokens", "ReasoningTokens", "ChargedTokens", "RouteRule"],
  ...["ServerPort", "ResponseChunks", "SnapshotRevision", "Duration"],
] as const;

const logSelection = `${commonSelection}, LogAttributes AS Attributes, LogAttributeTypes AS AttributeTypes,
IoStream, SeverityText, SeverityNumber, TraceFlags, Body, BodyType, EventName,
${[...recordColumns.map((name) => `'' AS ${name}`), ...recordNumbers.map((name) => `0 AS ${name}`)].join(", ")},
NULL AS TimeToFirstByteMs, NULL AS Cost, false AS IsCostEstimated`;

const lineSelection = `${commonSelection}, SpanAttributes AS Attributes, SpanAttributeTypes AS AttributeTypes,
'' AS IoStream, '' AS SeverityText, 0 AS SeverityNumber, 0 AS TraceFlags, '' AS Body, '' AS BodyType,
'' AS EventName, ${[...recordColumns, ...recordNumbers].join(", ")},
TimeToFirstByteMs, Cost, IsCostEstimated`;

function toLog(row: StoreRow): StoredLog {
  const { Attributes: map, AttributeTypes: types } = row;
  return row["AccessLine"] === ""
    ? toStoredLog({ ...row, LogAttributes: map, LogAttributeTypes: types })
    : toAccessLog({ ...row, SpanAttributes: map, SpanAttributeTypes: types });
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
