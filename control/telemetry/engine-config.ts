/**
 * How the embedded engine is told to stay small: its own account of memory is bounded to what the process's cap leaves
 * over, caches and thread pools are those of one user's machine.
 */

/** Bounds of the process that holds the engine. */
export interface EngineBounds {
  /** Resident memory of the whole process */
  readonly memoryCapBytes: number;
}

/**
 * What the process takes before the engine holds any data: 220 MB of its library's pages, Node, and what the allocator
 * keeps back between two purges. Measured with chdb 3.4.0: 290 MB after the first query, 360 MB under load.
 */
const processBaseBytes = 400 * 1024 * 1024;

/** Below this a merge of two parts and an insert do not fit any more. */
const leastEngineBytes = 96 * 1024 * 1024;

/** Smallest cap that `engineMemoryBytes()` takes. */
export const smallestMemoryCapBytes: number = processBaseBytes + leastEngineBytes;

/** Default cap of the store's process. */
export const defaultMemoryCapBytes: number = 600 * 1024 * 1024;

/** What the engine itself may account for, in bytes. Throws a RangeError for a cap that leaves too little. */
export function engineMemoryBytes({ memoryCapBytes }: EngineBounds): number {
  if (!Number.isSafeInteger(memoryCapBytes) || memoryCapBytes < smallestMemoryCapBytes) {
    const least = Math.ceil(smallestMemoryCapBytes / 1024 / 1024);
    throw new RangeError(
      `Cannot cap the telemetry store at ${memoryCapBytes} bytes: want at least ${least} MiB`,
    );
  }
  return memoryCapBytes - processBaseBytes;
}

/** Server configuration in XML. */
export function engineConfig(bounds: EngineBounds): string {
  const settings: ReadonlyArray<readonly [string, number | string]> = [
    ["max_server_memory_usage", engineMemoryBytes(bounds)],
    // Merges wait above this: reads and inserts need the rest.
    ["merges_mutations_memory_usage_soft_limit", Math.floor(engineMemoryBytes(bounds) / 3)],
    ["mark_cache_size", 16 * 1024 * 1024],
    ["index_mark_cache_size", 4 * 1024 * 1024],
    ["uncompressed_cache_size", 0],
    ["max_thread_pool_size", 64],
    // Each part that is loaded at the start waits for further threads of that pool: as many loaders as threads wait for ever
    // where some hundred parts are read from a cold disk.
    ["max_active_parts_loading_thread_pool_size", 4],
    ["max_outdated_parts_loading_thread_pool_size", 4],
    ["max_thread_pool_free_size", 2],
    // One merge at a time: two together are beyond the memory that there is.
    ["background_pool_size", 1],
    ["background_merges_mutations_concurrency_ratio", 1],
    ["background_schedule_pool_size", 2],
    ["background_fetches_pool_size", 1],
    ["background_move_pool_size", 1],
    ["background_common_pool_size", 1],
  ];
  const lines = settings.map(([name, value]) => `  <${name}>${value}</${name}>`);
  // The engine refuses to start when one of these asks for more threads than the pool has.
  const pools = ["execute_mutation", "lower_max_size_of_merge", "execute_optimize_entire_partition"]
    .map((use) => `number_of_free_entries_in_pool_to_${use}`)
    .map((name) => `    <${name}>1</${name}>`);
  return [
    "<clickhouse>",
    "  <logger><level>none</level></logger>",
    ...lines,
    "  <merge_tree>",
    ...pools,
    "  </merge_tree>",
    "</clickhouse>",
    "",
  ].join("\n");
}

/** Settings of every query: what one may take, and from where on it goes to disk in place of memory. */
export function querySettings(bounds: EngineBounds): ReadonlyMap<string, string> {
  const engine = engineMemoryBytes(bounds);
  const perQuery = Math.floor(engine * 0.6);
  const spill = Math.floor(perQuery / 2);
  return new Map([
    ["max_memory_usage", String(perQuery)],
    ["max_bytes_before_external_group_by", String(spill)],
    ["max_bytes_before_external_sort", String(spill)],
    ["max_threads", "2"],
    ["max_insert_threads", "1"],
    // Parses an INSERT in one go: in pieces it takes twice the memory, and no less CPU.
    ["input_format_parallel_parsing", "0"],
    ["max_execution_time", "30"],
    ["max_result_bytes", String(128 * 1024 * 1024)],
    // A block of the default 65,409 rows holds that many bodies at once.
    ["preferred_block_size_bytes", String(512 * 1024)],
    ["max_block_size", "4096"],
    // A read of many parts has a buffer for each.
    ["max_read_buffer_size", String(128 * 1024)],
  ]);
}
