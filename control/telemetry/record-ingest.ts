/**
 * Stores the records of gateway processes by reading their files: those are written whether we run or not, are bounded,
 * and outlive a kill of everybody. Files of a sink are left out: their rule asked for another place.
 */
import { isOpenRecordFile, recordFileKey } from "../record-file-key.ts";
import { tryEncodeRecord } from "./record-row.ts";
import { LineIngest } from "./line-ingest.ts";
import type { LineIngestOptions } from "./line-ingest.ts";

/** What the reader needs beside what follows from its purpose. */
export type RecordIngestOptions = Pick<
  LineIngestOptions,
  "directory" | "positionPath" | "writer" | "clock" | "log" | "intervalMs" | "maxBatchBytes"
>;

/** A reader of the files of a folder. */
export function createRecordIngest(options: RecordIngestOptions): LineIngest {
  return new LineIngest({
    ...options,
    name: "records",
    keyOf: recordFileKey,
    isOpenEnded: isOpenRecordFile,
    table: "otel_traces",
    encode: tryEncodeRecord,
  });
}
