/**
 * How far files of lines have been stored, kept over restarts: what is certain, and the one batch of which nobody knows.
 * It is written before a batch is sent and after it is stored, so that a kill between the two repeats the very same
 * batch, which the store recognises.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCodeOf } from "../../gateway/errors.ts";

/** A batch that was sent. */
export interface PendingBatch {
  readonly identity: string;
  readonly start: number;
  readonly end: number;
  /** First sequence, decimal digits */
  readonly sequence: string;
}

/** What is written down. */
export interface IngestPosition {
  /** Bytes that are stored, by identity of the file */
  readonly offsets: ReadonlyMap<string, number>;
  readonly pending: PendingBatch | undefined;
  /** Highest sequence that was used */
  readonly lastSequence: bigint;
}

const empty: IngestPosition = { offsets: new Map(), pending: undefined, lastSequence: 0n };

/** The position of a file; that of a new store when it is not there or is none. */
export async function readPosition(path: string): Promise<IngestPosition> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (errorCodeOf(error) === "ENOENT") return "{}";
    throw error;
  });
  return parsePosition(text) ?? empty;
}

/** Replaces the file in one step. */
export async function writePosition(path: string, position: IngestPosition): Promise<void> {
  const { offsets, pending, lastSequence } = position;
  const text = JSON.stringify({
    offsets: Object.fromEntries(offsets),
    ...(pending !== undefined && { pending }),
    lastSequence: String(lastSequence),
  });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, path);
}

function parsePosition(text: string): IngestPosition | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return undefined;
    const { offsets, pending, lastSequence } = value;
    const entries = isObject(offsets) ? Object.entries(offsets) : [];
    const numbers = entries.filter((entry): entry is [string, number] => {
      return Number.isSafeInteger(entry[1]);
    });
    return {
      offsets: new Map(numbers),
      pending: isPending(pending) ? pending : undefined,
      lastSequence: isDigits(lastSequence) ? BigInt(lastSequence) : 0n,
    };
  } catch {
    // half of it cannot be there, as it is replaced whole; somebody else wrote it
    return undefined;
  }
}

function isPending(value: unknown): value is PendingBatch {
  if (!isObject(value)) return false;
  const { identity, start, end, sequence } = value;
  const isRange = Number.isSafeInteger(start) && Number.isSafeInteger(end);
  return typeof identity === "string" && isRange && isDigits(sequence);
}

function isDigits(value: unknown): value is string {
  return typeof value === "string" && /^\d{1,19}$/.test(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
