/** Millions of made-up rows for the telemetry store, made by the store itself: what is measured is reading them. */
import { sequenceAt } from "../../control/telemetry/ingest-sequence.ts";
import { storeErrorCode } from "../../control/telemetry/store-client.ts";
import type { StoreClient } from "../../control/telemetry/store-client.ts";
import { sleep, systemClock } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";

/** How many rows of how many agents, over which time. */
export interface RowPlan {
  readonly table: "otel_traces" | "otel_logs";
  readonly rows: number;
  readonly agents: number;
  /** Unix `ms` of the first row */
  readonly fromMs: number;
  /** Unix `ms` after the last row */
  readonly untilMs: number;
}

/** One INSERT holds so many: more would not fit the store's memory. */
const chunkRows = 100_000;

/** MEMORY_LIMIT_EXCEEDED */
const memoryLimit = 241;

const fill = `INSERT INTO otel_traces
(Sequence, Timestamp, Source, AgentNamespace, AgentKind, AgentName, AgentUid, InvocationId, EgressGateway,
 Component, ServiceName, TraceId, SpanId, SpanName, SpanKind, Duration, StatusCode, SpanAttributes,
 RecordId, RecordKind, Verdict, Route, HttpMethod, HttpStatus, ServerAddress, UrlPath, RequestBytes, ResponseBytes,
 Provider, Operation, RequestModel, ResponseModel, InputTokens, OutputTokens, ChargedTokens, Cost, AccessLine,
 UrlScheme, ServerPort, ListenerMode, Tier)
SETTINGS max_block_size = 8192, min_insert_block_size_rows = 32768, min_insert_block_size_bytes = 0
SELECT
  {firstSequence:UInt64} + bitShiftLeft(toUInt64(intDiv(number * {stepNs:UInt64}, 1000000)), 20) + number % 1048576,
  fromUnixTimestamp64Nano(toInt64({fromNs:Int64} + number * {stepNs:UInt64}), 'UTC'),
  'gateway', 'default', 'TaskAgent', concat('agent-', toString(cityHash64(intDiv(number, 20)) % {agents:UInt32})),
  toString(cityHash64(intDiv(number, 20)) % {agents:UInt32}),
  concat('0b5c7d1e-0000-4000-8000-', leftPad(toString(intDiv(number, 20)), 12, '0')),
  'default/egress', 'egress-extproc', 'clrk',
  lower(hex(sipHash128(number))), lower(hex(sipHash64(number))), 'chat gpt-5', 'Server',
  1000000 + cityHash64(number, 1) % 900000000, if(number % 50 = 0, 'Error', 'Unset'),
  map('gen_ai.response.finish_reasons', '["stop"]', 'network.protocol.version', '2'),
  toString(number), 'http', if(number % 97 = 0, 'deny', 'allow'), 'AIProviderRoute/default/openai', 'POST',
  if(number % 50 = 0, 429, 200), 'api.openai.com', '/v1/chat/completions', 2000 + number % 100, 1800,
  'openai', 'chat', concat('gpt-', toString(number % 7)), 'gpt-5-2026', 500 + number % 1000, 100, 600 + number % 1000,
  toDecimal64(0.000042, 9), 'POST api.openai.com/v1/chat/completions 200 12ms req=2048B resp=1800B',
  'https', 443, 'transparent', 'engine'
FROM numbers({start:UInt64}, {count:UInt64})`;

/** Log lines of the same agents, of which every tenth says how severe it is. */
const fillLogs = `INSERT INTO otel_logs
(Sequence, Timestamp, Source, AgentNamespace, AgentKind, AgentName, AgentUid, InvocationId, Component, ServiceName,
 IoStream, SeverityText, SeverityNumber, Body)
SETTINGS max_block_size = 8192, min_insert_block_size_rows = 32768, min_insert_block_size_bytes = 0
SELECT
  {firstSequence:UInt64} + bitShiftLeft(toUInt64(intDiv(number * {stepNs:UInt64}, 1000000)), 20) + 524288 + number % 524288,
  fromUnixTimestamp64Nano(toInt64({fromNs:Int64} + number * {stepNs:UInt64}), 'UTC'),
  'agent', 'default', 'TaskAgent', concat('agent-', toString(cityHash64(intDiv(number, 20)) % {agents:UInt32})),
  toString(cityHash64(intDiv(number, 20)) % {agents:UInt32}),
  concat('0b5c7d1e-0000-4000-8000-', leftPad(toString(intDiv(number, 20)), 12, '0')),
  'sandbox', 'agent', if(number % 3 = 0, 'stderr', 'stdout'), if(number % 10 = 0, 'WARN', 'INFO'),
  if(number % 10 = 0, 13, 9), concat('step ', toString(number), ' of the plan took ', toString(cityHash64(number, 2) % 900), ' ms')
FROM numbers({start:UInt64}, {count:UInt64})`;

const fills = { otel_traces: fill, otel_logs: fillLogs } as const;

/** Fills a table; `onProgress` is told the rows so far. */
export async function fillRows(
  client: StoreClient,
  plan: RowPlan,
  onProgress: (rows: number) => void,
): Promise<void> {
  const { rows, fromMs, untilMs } = plan;
  const stepNs = Math.floor(((untilMs - fromMs) * 1e6) / rows);
  for (let start = 0; start < rows; start += chunkRows) {
    await fillChunk(client, { ...plan, stepNs, start, count: Math.min(chunkRows, rows - start) });
    onProgress(Math.min(rows, start + chunkRows));
  }
}

/** Stores rows of now, so many each second, until `stop()`, which resolves with their number. */
export function keepStoring(
  client: StoreClient,
  { rowsPerSecond, agents }: { readonly rowsPerSecond: number; readonly agents: number },
): { stop(): Promise<number> } {
  const ended = new AbortController();
  const run = async () => {
    let stored = 0;
    for (; !ended.signal.aborted; stored += rowsPerSecond) {
      const fromMs = Date.now();
      await fillChunk(client, {
        ...{ table: "otel_traces", agents, fromMs, start: 0, count: rowsPerSecond },
        stepNs: Math.floor(1e9 / rowsPerSecond),
      });
      await sleep(systemClock, Math.max(0, fromMs + 1_000 - Date.now()), ended.signal);
    }
    return stored;
  };
  const running = run().catch((error: unknown) => {
    process.stdout.write(`Rows are stored no more: ${describeError(error)}\n`);
    return 0;
  });
  return {
    stop() {
      ended.abort();
      return running;
    },
  };
}

interface Chunk extends Pick<RowPlan, "table" | "agents" | "fromMs"> {
  readonly stepNs: number;
  readonly start: number;
  readonly count: number;
}

/** Merges of what was filled before may have the memory that a chunk needs. */
async function fillChunk(
  client: StoreClient,
  { table, agents, fromMs, stepNs, start, count }: Chunk,
): Promise<void> {
  const parameters = {
    ...{ stepNs, agents, start, count, fromNs: BigInt(fromMs) * 1_000_000n },
    firstSequence: sequenceAt(fromMs),
  };
  for (let tries = 0; ; tries++) {
    try {
      return await client.command(fills[table], parameters);
    } catch (error) {
      if (storeErrorCode(error) !== memoryLimit || tries >= 60) throw error;
      await sleep(systemClock, 1_000);
    }
  }
}

/** The trace id of a row, as the store made it. */
export async function traceIdOf(client: StoreClient, row: number): Promise<string> {
  const rows = await client.query("SELECT lower(hex(sipHash128({row:UInt64}))) AS id", { row });
  return String(rows[0]?.["id"]);
}
