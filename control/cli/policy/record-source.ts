/**
 * Records from files, one JSON object a line, in the order in which their transactions began: whoever counts needs them so,
 * and files have them in the order in which they ended. Memory is bounded whatever the files hold.
 */
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { LineSplitter } from "../../../gateway/line-splitter.ts";
import type { EgressRecord } from "../../../gateway/record.ts";

/** A line with kept bodies is long; one that is longer holds none of ours. */
const longestLine = 32 * 1024 * 1024;

const readBytes = 256 * 1024;

/** So many records, and so many characters of their lines, are held while an earlier one may still come. */
const mostHeld = 8_192;
const mostHeldLength = 32 * 1024 * 1024;

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
  for await (const read of mergeFiles(files, losses)) {
    if (read.record.startUnixMs < sinceMs) continue;
    held.add(read);
    while (held.size > mostHeld || held.length > mostHeldLength) {
      const first = held.take();
      if (first === undefined) break;
      if (first.startUnixMs < newest) losses.late++;
      newest = Math.max(newest, first.startUnixMs);
      yield first;
    }
  }
  for (let first = held.take(); first !== undefined; first = held.take()) yield first;
}

/** A record with the length of its line. */
interface ReadRecord {
  record: EgressRecord;
  length: number;
}

/** Whichever file's next record began first: several processes write at the same time. */
async function* mergeFiles(
  files: readonly string[],
  losses: RecordLosses,
): AsyncGenerator<ReadRecord> {
  const heads: { readonly rest: AsyncGenerator<ReadRecord>; read: ReadRecord }[] = [];
  for (const file of files) {
    const rest = readFile(file, losses);
    const { value, done } = await rest.next();
    if (done !== true) heads.push({ rest, read: value });
  }
  while (heads.length > 0) {
    let first = heads[0];
    for (const head of heads) {
      if (first === undefined || startOf(head.read) < startOf(first.read)) first = head;
    }
    if (first === undefined) return;
    yield first.read;
    const { value, done } = await first.rest.next();
    if (done === true) heads.splice(heads.indexOf(first), 1);
    else first.read = value;
  }
}

async function* readFile(file: string, losses: RecordLosses): AsyncGenerator<ReadRecord> {
  const splitter = new LineSplitter({ maxCharacters: longestLine });
  for await (const chunk of createReadStream(file, { highWaterMark: readBytes })) {
    yield* readLines(splitter.push(chunk), losses);
  }
  yield* readLines(splitter.end(), losses);
  losses.malformed += splitter.dropped;
}

function* readLines(lines: readonly string[], losses: RecordLosses): Generator<ReadRecord> {
  for (const line of lines) {
    const record = tryParseRecord(line);
    if (record !== undefined) yield { record, length: line.length };
    else if (line.trim() !== "") losses.malformed++;
  }
}

/** The record of a line, without kept bodies, which nothing is decided by; undefined for what has not its outline. */
export function tryParseRecord(line: string): EgressRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined; // the last line of a process that was killed
  }
  if (!isRecord(value)) return undefined;
  const { capture } = value;
  return capture === null || capture === undefined
    ? value
    : { ...value, capture: headersOf(capture) };
}

function headersOf({ requestHeaders }: NonNullable<EgressRecord["capture"]>) {
  return { requestHeaders, requestBody: null, responseHeaders: [], responseBody: null };
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
  readonly #heap: ReadRecord[] = [];
  #length = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Of the lines of all of them. */
  get length(): number {
    return this.#length;
  }

  add(read: ReadRecord): void {
    const heap = this.#heap;
    this.#length += read.length;
    let at = heap.push(read) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || startOf(above) <= startOf(read)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = read;
  }

  /** The one that began first; undefined: there is none. */
  take(): EgressRecord | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    this.#length -= first?.length ?? 0;
    if (last === undefined || heap.length === 0) return first?.record;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const child = startOf(heap[left + 1]) < startOf(heap[left]) ? left + 1 : left;
      const below = heap[child];
      if (below === undefined || startOf(below) >= startOf(last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first?.record;
  }
}

function startOf(read: ReadRecord | undefined): number {
  return read?.record.startUnixMs ?? Number.POSITIVE_INFINITY;
}
