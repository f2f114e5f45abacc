/**
 * The one client for the embedded store and for a ClickHouse server: statements with bound parameters, rows back, and
 * INSERTs whose rows are bytes. Failures carry ClickHouse's own code.
 */
import { Readable } from "node:stream";
import { ClickHouseError, createClient } from "@clickhouse/client";
import type { ClickHouseClient } from "@clickhouse/client";
import { Agent } from "../../gateway/node-http.ts";
import type { SecretValue } from "../../gateway/secret-value.ts";
import { ClrkError } from "../../gateway/errors.ts";

/** Where the store is. */
export type StoreAddress =
  | { readonly kind: "embedded"; readonly socket: string }
  | {
      readonly kind: "server";
      /** Base URL such as `https://clickhouse.example:8443` */
      readonly url: string;
      readonly database?: string;
      readonly user?: string;
      readonly password?: SecretValue;
    };

/** Values of the placeholders of a statement, by name. */
export type StoreParameters = Readonly<
  Record<string, string | number | bigint | readonly string[] | readonly bigint[]>
>;

/** Bounds of one statement. */
export interface StatementOptions {
  readonly signal?: AbortSignal;
  /** Time that the store may work on it in seconds; default 10 */
  readonly maxSeconds?: number;
  /** Told what the store read for it */
  readonly onRead?: (read: { readonly rows: number; readonly bytes: number }) => void;
}

/** Rows for a table. */
export interface InsertRequest {
  readonly table: string;
  readonly columns: readonly string[];
  /** JSONCompactEachRow, one line a row */
  readonly lines: Buffer;
  /** The store takes a second INSERT of the same token for one that it has */
  readonly token: string;
}

/** Bound of one INSERT, its answer included; the store may still finish it after that. */
const insertTimeoutMs = 60_000;

/** A store's client; `close()` at the end. */
export class StoreClient {
  readonly #client: ClickHouseClient;
  readonly #agent: Agent | undefined;

  /** Connects to nothing yet. */
  constructor(address: StoreAddress) {
    const common = {
      application: "clrk",
      request_timeout: insertTimeoutMs,
      compression: { request: false, response: false },
      // The library logs to the console by itself.
      log: { level: 127 },
    } as const;
    if (address.kind === "embedded") {
      // Node takes a path here as `net.connect()` does; its types do not say so.
      const options = { keepAlive: true, maxSockets: 16, socketPath: address.socket };
      this.#agent = new Agent(options);
      this.#client = createClient({
        ...common,
        url: "http://store.invalid:80",
        http_agent: this.#agent,
        set_basic_auth_header: false,
      });
    } else {
      this.#client = createClient({
        ...common,
        url: checkUrl(address.url),
        database: address.database ?? "default",
        ...(address.user !== undefined && { username: address.user }),
        ...(address.password !== undefined && { password: address.password.reveal() }),
      });
    }
  }

  /** Whether the store answers. Never rejects. */
  async ping(): Promise<boolean> {
    try {
      return (await this.#client.ping()).success;
    } catch {
      return false;
    }
  }

  /** Runs a statement that gives nothing. */
  async command(sql: string, parameters: StoreParameters = {}): Promise<void> {
    await this.#client.command({ query: sql, query_params: { ...parameters } });
  }

  /** The rows of a SELECT as objects; 64-bit numbers are decimal text. The statement must bound their number. */
  async query(
    sql: string,
    parameters: StoreParameters = {},
    { signal, maxSeconds = 10, onRead }: StatementOptions = {},
  ): Promise<readonly StoreRow[]> {
    const result = await this.#client.query({
      query: sql,
      format: "JSONEachRow",
      query_params: { ...parameters },
      clickhouse_settings: {
        max_execution_time: maxSeconds,
        output_format_json_quote_64bit_integers: 1,
        output_format_json_quote_decimals: 1,
        output_format_json_quote_denormals: 1,
      },
      ...(signal !== undefined && { abort_signal: signal }),
    });
    onRead?.(readSummary(result.response_headers["x-clickhouse-summary"]));
    return result.json<StoreRow>();
  }

  /** Stores rows; resolves when the store has them. */
  async insert({ table, columns, lines, token }: InsertRequest): Promise<void> {
    const { stream } = await this.#client.exec({
      query: `INSERT INTO ${table} (${columns.join(", ")}) FORMAT JSONCompactEachRow`,
      values: Readable.from([lines], { objectMode: false }),
      clickhouse_settings: {
        insert_deduplication_token: token,
        async_insert: 0,
        // All or nothing: the rows of one INSERT are seen together.
        max_insert_block_size: "1048576",
        min_insert_block_size_rows: "1048576",
        min_insert_block_size_bytes: "268435456",
        date_time_input_format: "best_effort",
      },
    });
    for await (const _ of stream) {
      // an INSERT has no answer; the connection is free once it is read
    }
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    await this.#client.close();
    this.#agent?.destroy();
  }
}

/** One row of an answer by column. */
export type StoreRow = Readonly<Record<string, unknown>>;

/** ClickHouse's number of an error; undefined where the store was not reached. */
export function storeErrorCode(error: unknown): number | undefined {
  return error instanceof ClickHouseError ? Number(error.code) : undefined;
}

function readSummary(header: unknown): { readonly rows: number; readonly bytes: number } {
  const summary = typeof header === "string" ? JSON.parse(header) : {};
  return { rows: Number(summary.read_rows ?? 0), bytes: Number(summary.read_bytes ?? 0) };
}

function checkUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    const message = "Cannot use the URL of the telemetry store: want http or https";
    throw new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
  }
  if (url.username !== "" || url.password !== "") {
    const message =
      "Cannot use the URL of the telemetry store: it has user information, want user and password beside it";
    throw new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
  }
  return url;
}
