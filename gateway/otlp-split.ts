/**
 * An encoded batch as two of about half its records each, for a receiver that breaks off at one of them. Bytes of a batch
 * are ours; what is on disk may be damaged all the same.
 */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { opentelemetry } from "./proto/gen/otlp.js";
import type { OtlpBody, OtlpSignal } from "./otlp-request.ts";
import { createBody } from "./otlp-request.ts";

const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1;
const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;

/** Some records of a batch that was split, ready to be sent. */
export interface HalfBatch {
  readonly body: OtlpBody;
  readonly records: number;
}

/** A record of 16 MiB, the most that a queue holds, and its names. */
const mostMessageBytes = 64 * 1024 * 1024;

const gunzipAsync = promisify(gunzip);

/** Both halves, in order; undefined for a batch of one record, and for one that cannot be read. Never rejects. */
export async function splitBody(
  signal: OtlpSignal,
  body: OtlpBody,
  gzipFromBytes: number,
): Promise<readonly [HalfBatch, HalfBatch] | undefined> {
  try {
    const message = body.isCompressed
      ? await gunzipAsync(body.bytes, { maxOutputLength: mostMessageBytes })
      : body.bytes;
    const halves = signal === "traces" ? splitTraces(message) : splitLogs(message);
    const [first, second] = halves;
    if (first.records === 0 || second.records === 0) return undefined;
    return [
      { records: first.records, body: await createBody(first.message, gzipFromBytes) },
      { records: second.records, body: await createBody(second.message, gzipFromBytes) },
    ];
  } catch {
    // A message that cannot be read cannot be split; whoever asked drops it and counts that.
    return undefined;
  }
}

interface HalfMessage {
  readonly message: Uint8Array;
  readonly records: number;
}

/** Records of one scope, and how they are replaced. */
interface Group<Item> {
  readonly items: readonly Item[];
  readonly keep: (items: Item[]) => void;
}

function splitTraces(message: Uint8Array): readonly [HalfMessage, HalfMessage] {
  const request = ExportTraceServiceRequest.decode(message);
  const scopes = request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans ?? []);
  const groups = scopes.map((scope) => ({
    items: scope.spans ?? [],
    keep: (spans: typeof scope.spans) => {
      scope.spans = spans;
    },
  }));
  return halvesOf(groups, () => ExportTraceServiceRequest.encode(request).finish());
}

function splitLogs(message: Uint8Array): readonly [HalfMessage, HalfMessage] {
  const request = ExportLogsServiceRequest.decode(message);
  const scopes = request.resourceLogs.flatMap(({ scopeLogs }) => scopeLogs ?? []);
  const groups = scopes.map((scope) => ({
    items: scope.logRecords ?? [],
    keep: (records: typeof scope.logRecords) => {
      scope.logRecords = records;
    },
  }));
  return halvesOf(groups, () => ExportLogsServiceRequest.encode(request).finish());
}

function halvesOf<Item>(
  groups: readonly Group<Item>[],
  encode: () => Uint8Array,
): readonly [HalfMessage, HalfMessage] {
  const total = groups.reduce((sum, { items }) => sum + items.length, 0);
  const half = (from: number, until: number) => {
    let begin = 0;
    for (const { items, keep } of groups) {
      keep(items.slice(Math.max(0, from - begin), Math.max(0, until - begin)));
      begin += items.length;
    }
    return { records: until - from, message: encode() };
  };
  const middle = total >> 1;
  return [half(0, middle), half(middle, total)];
}
