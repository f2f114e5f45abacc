/**
 * Records from files, one JSON object a line, in the order in which their transactions began: whoever counts needs them so,
 * and files have them in the order in which they ended. Memory is bounded whatever the files hold.
 */
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import type { EgressRecord } from "../../../gateway/record.ts";

/** A line with kept bodies is long; one that is longer holds none of ours. */
const longestLine = 32 * 1024 * 1024;

const readBytes = 256 * 1024;

/** So many records are held while an earlier one may still come. */
const mostHeld = 8_192;

/** What could not be used. */
export interface RecordLosses {
  /** Lines that are no records */
  malformed: number;
  /** Records that came later than they could be put in order: they are used where they stand */
  late: number;
}

/** Record files of a home, rotated ones included; empty where the folder is not there. */
export async function findRecordFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.startsWith("records") && name.endsWith(".jsonl"))
    .sort()
    .map((name) => join(folder, name));
}

/** Records of all files that began at `sinceMs` or later, in the order in which they began. Rejects as reading does. */
export async function* readRecords(
  files: readonly string[],
  options: { readonly sinceMs: number; readonly losses: RecordLosses },
): AsyncGenerator<EgressRecord> {
  const { sinceMs, losses } = options;
  const held = new StartOrder();
  let newest = Number.NEGATIVE_INFINITY;
  for await (const record of mergeFiles(files, losses)) {
    if (record.startUnixMs < sinceMs) continue;
    held.add(record);
    if (held.size <= mostHeld) continue;
    const first = held.take();
    if (first === undefined) continue;
    if (first.startUnixMs < newest) losses.late++;
    newest = Math.max(newest, first.startUnixMs);
    yield first;
  }
  for (let first = held.take(); first !== undefined; first = held.take()) yield first;
}

/** Whichever file's next record began first: several processes write at the same time. */
async function* mergeFiles(
  files: readonly string[],
  losses: RecordLosses,
): AsyncGenerator<EgressRecord> {
  const heads: { readonly rest: AsyncGenerator<EgressRecord>; record: EgressRecord }[] = [];
  for (const file of files) {
    const rest = readFile(file, losses);
    const { value, done } = await rest.next();
    if (done !== true) heads.push({ rest, record: value });
  }
  while (heads.length > 0) {
    let first = heads[0];
    for (const head of heads) {
      if (first === undefined || head.record.startUnixMs < first.record.startUnixMs) first = head;
    }
    if (first === undefined) return;
    yield first.record;
    const { value, done } = await first.rest.next();
    if (done === true) heads.splice(heads.indexOf(first), 1);
    else first.record = value;
  }
}

async function* readFile(file: string, losses: RecordLosses): AsyncGenerator<EgressRecord> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let isSkipping = false;
  for await (const chunk of createReadStream(file, { highWaterMark: readBytes })) {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const record = isSkipping ? undefined : tryParseRecord(line);
      isSkipping = false;
      if (record !== undefined) yield record;
      else if (line.trim() !== "") losses.malformed++;
    }
    if (rest.length <= longestLine) continue;
    rest = "";
    isSkipping = true;
  }
  const record = isSkipping ? undefined : tryParseRecord(rest);
  if (record !== undefined) yield record;
  else if (rest.trim() !== "" || isSkipping) losses.malformed++;
}

/** The record of a line; undefined for what has not the outline of one. */
export function tryParseRecord(line: string): EgressRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined; // the last line of a process that was killed
  }
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is EgressRecord {
  if (typeof value !== "object" || value === null) return false;
  const member = (name: string): unknown => Reflect.get(value, name);
  const kind = member("kind");
  return (
    (kind === "http" || kind === "tls" || kind === "tcp") &&
    typeof member("startUnixMs") === "number" &&
    ["request", "response", "decision", "gateway"].every((name) => isObject(member(name))) &&
    member("model") !== undefined &&
    member("routing") !== undefined
  );
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** A heap of records by their start. */
class StartOrder {
  readonly #heap: EgressRecord[] = [];

  get size(): number {
    return this.#heap.length;
  }

  add(record: EgressRecord): void {
    const heap = this.#heap;
    let at = heap.push(record) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.startUnixMs <= record.startUnixMs) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = record;
  }

  /** The one that began first; undefined: there is none. */
  take(): EgressRecord | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const child = startOf(heap[left + 1]) < startOf(heap[left]) ? left + 1 : left;
      const below = heap[child];
      if (below === undefined || below.startUnixMs >= last.startUnixMs) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function startOf(record: EgressRecord | undefined): number {
  return record?.startUnixMs ?? Number.POSITIVE_INFINITY;
}
