/**
 * Stores the records of gateway processes by reading their files: those are written whether we run or not, are bounded,
 * and outlive a kill of everybody. Files of a sink are left out: their rule asked for another place.
 */
import { tryEncodeRecord } from "./record-row.ts";
import { LineIngest } from "./line-ingest.ts";
import type { LineIngestOptions } from "./line-ingest.ts";

/** What the reader needs beside what follows from its purpose. */
export type RecordIngestOptions = Pick<
  LineIngestOptions,
  "directory" | "positionPath" | "writer" | "clock" | "log" | "intervalMs" | "maxBatchBytes"
>;

/** `records.jsonl`, `records-<pid>.jsonl`, and both with the time of their rotation. */
const recordFile = /^records(?:-(\d{1,10}))?(?:-(\d{8}T\d{9}Z))?\.jsonl$/;

/** A reader of the files of a folder. */
export function createRecordIngest(options: RecordIngestOptions): LineIngest {
  return new LineIngest({
    ...options,
    name: "records",
    keyOf: recordFileKey,
    table: "otel_traces",
    encode: tryEncodeRecord,
  });
}

/** Order of a file of records: rotated ones by their time, those that are written last; undefined for other files. */
export function recordFileKey(name: string): string | undefined {
  const found = recordFile.exec(name);
  if (found === null) return undefined;
  return `${found[2] ?? "~"} ${name}`;
}
