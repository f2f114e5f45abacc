/** Logs and traces of one agent: pages of one moment, and following. */
import type { Clock } from "../../gateway/clock.ts";
import type { ApiAnswer, ConnectedCall } from "../apiserver/api-context.ts";
import { expired } from "../apiserver/status-error.ts";
import { sequenceAt } from "../telemetry/ingest-sequence.ts";
import type {
  AgentScope,
  FollowBatch,
  FollowRequest,
  Page,
  PageRequest,
  TelemetryQueries,
} from "../telemetry/queries.ts";
import type { StoredItem } from "../telemetry/stored-span.ts";
import { follow } from "./follower.ts";
import { logsDocument, tracesDocument } from "./otlp-document.ts";
import { readItemRequest } from "./read-parameters.ts";
import type { ItemKind, ReadRequest } from "./read-parameters.ts";
import { StoreClock } from "./store-clock.ts";
import type { TelemetryDoor } from "./telemetry-door.ts";

/** What reads are made of. */
export interface ItemReadsOptions {
  readonly door: TelemetryDoor;
  readonly clock: Clock;
  /** Age at which telemetry is dropped */
  readonly maxAgeMs: number;
}

/** How items of one kind are read. */
interface Reader<Item> {
  readonly page: (queries: TelemetryQueries, request: PageRequest) => Promise<Page<Item>>;
  readonly follow: (
    queries: TelemetryQueries,
    request: FollowRequest,
  ) => Promise<FollowBatch<Item>>;
  readonly document: (items: readonly Item[]) => object;
}

const spanReader = {
  page: (queries: TelemetryQueries, request: PageRequest) => queries.spanPage(request),
  follow: (queries: TelemetryQueries, request: FollowRequest) => queries.followSpans(request),
  document: tracesDocument,
};

const logReader = {
  page: (queries: TelemetryQueries, request: PageRequest) => queries.logPage(request),
  follow: (queries: TelemetryQueries, request: FollowRequest) => queries.followLogs(request),
  document: logsDocument,
};

/** Items that are read at once for a follower who is behind. */
const mostAtOnce = 2_000;

/** Reads for all agents. */
export class ItemReads {
  readonly #options: ItemReadsOptions;
  readonly #storeClock: StoreClock;

  constructor(options: ItemReadsOptions) {
    this.#options = options;
    this.#storeClock = new StoreClock(options.clock, () => options.door.highWater);
  }

  /** Answers a GET; undefined when it goes on as a stream. */
  answer(call: ConnectedCall, items: ItemKind, scope: AgentScope): Promise<ApiAnswer | undefined> {
    const request = readItemRequest(call.target.query, items);
    return items === "traces"
      ? this.#answer(call, request, { scope, reader: spanReader })
      : this.#answer(call, request, { scope, reader: logReader });
  }

  async #answer<Item extends StoredItem>(
    call: ConnectedCall,
    request: ReadRequest,
    source: { readonly scope: AgentScope; readonly reader: Reader<Item> },
  ): Promise<ApiAnswer | undefined> {
    if (request.kind === "page") return this.#page(call, request, source);
    this.#follow(call, request, source);
    return undefined;
  }

  async #page<Item>(
    call: ConnectedCall,
    { filter, limit, place }: Extract<ReadRequest, { kind: "page" }>,
    { scope, reader }: { readonly scope: AgentScope; readonly reader: Reader<Item> },
  ): Promise<ApiAnswer> {
    const { door } = this.#options;
    const { queries } = door.telemetry;
    if (place !== undefined) this.#checkAge(place.highWater);
    const { signal } = call;
    const request = { ...filter, scope, limit, signal, ...(place !== undefined && { place }) };
    const action = () => reader.page(queries, request);
    const page = await door.read({ kind: "items", call, action });
    return {
      status: 200,
      body: JSON.stringify(reader.document(page.items)),
      headers: {
        "X-Clrk-Position": String(page.highWater),
        ...(page.continue !== undefined && { "X-Clrk-Continue": page.continue }),
      },
    };
  }

  #follow<Item extends StoredItem>(
    call: ConnectedCall,
    { filter, after }: Extract<ReadRequest, { kind: "follow" }>,
    { scope, reader }: { readonly scope: AgentScope; readonly reader: Reader<Item> },
  ): void {
    const { door } = this.#options;
    const { highWater } = door.telemetry;
    if (after !== undefined && after > 0n) this.#checkAge(after);
    const { response, signal } = call;
    const leave = door.enter(call);
    void follow({
      response,
      signal,
      after: after ?? highWater,
      read: (position) =>
        door.readInTurn(call, () =>
          reader.follow(door.telemetry.queries, {
            ...filter,
            scope,
            after: position,
            limit: mostAtOnce,
            signal,
          }),
        ),
      whenMore: (position) => this.#storeClock.whenMore(position, signal),
      document: reader.document,
    }).finally(leave);
  }

  /** What came after a place that is so old is dropped in part. */
  #checkAge(position: bigint): void {
    const { clock, maxAgeMs } = this.#options;
    if (position >= sequenceAt(clock.now() - maxAgeMs)) return;
    throw expired("the place is older than what is kept: begin anew");
  }
}
