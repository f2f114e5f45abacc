/**
 * Stores the root span of each run that is over, by reading what gateways write of invocations. What no gateway tells is
 * told by `../invocations/root-spans.ts`, so that no tree of the store lacks its root.
 */
import { tryParseEndedInvocation } from "../../gateway/invocation-line.ts";
import { lineFileKey, readLineFileName, readSeriesFileName } from "../../gateway/line-file-name.ts";
import { gatewayKey } from "../../gateway/snapshot.ts";
import { LineIngest } from "./line-ingest.ts";
import type { RecordIngestOptions } from "./record-ingest.ts";
import { encodeRootRow } from "./root-span.ts";

/** A reader of the files of a folder. */
export function createInvocationIngest(options: RecordIngestOptions): LineIngest {
  return new LineIngest({
    ...options,
    name: "invocations",
    keyOf: invocationFileKey,
    isOpenEnded: (name) => readLineFileName(name)?.rotatedAt === undefined,
    table: "otel_traces",
    encode: tryEncodeInvocation,
  });
}

/** Order of a file: rotated ones by their time, those that are written last; undefined for other files. */
export function invocationFileKey(name: string): string | undefined {
  const found = readSeriesFileName("invocations", name);
  return found && lineFileKey(name, found);
}

/**
 * The rest of the row's line, as `encodeTraceRow()` gives it; `""` for what becomes none, such as an invocation that goes
 * on, undefined for text that is no event of an invocation.
 */
export function tryEncodeInvocation(json: string): string | undefined {
  const ended = tryParseEndedInvocation(json);
  if (ended === undefined) return undefined;
  if (ended === "goes-on") return "";
  return encodeRootRow(ended, gatewayKey(ended.gateway));
}
