/**
 * An OTLP/HTTP receiver on a free local port for tests: decodes what it gets, and answers as it is told to.
 */
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import { opentelemetry } from "../proto/gen/otlp.js";

const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1;
const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;

/** One request as it came. */
export interface CollectedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Answers one request; `index` counts the requests of its path. */
export type Answer = (response: ServerResponse, index: number, request: CollectedRequest) => void;

/** A running receiver. */
export interface Collector {
  readonly endpoint: string;
  readonly requests: CollectedRequest[];
  /** Names of all spans that were answered 200, in order of arrival */
  readonly spans: () => opentelemetry.proto.trace.v1.Span[];
  readonly logs: () => opentelemetry.proto.logs.v1.LogRecord[];
  /** Resolves when that many requests have come */
  readonly received: (count: number) => Promise<void>;
  close(): Promise<void>;
}

/** Starts a receiver that answers 200 unless told otherwise; a port that was free a moment ago may be asked for. */
export async function startCollector(
  answer: Answer = (response) => response.end(),
  port = 0,
): Promise<Collector> {
  const requests: CollectedRequest[] = [];
  const waiting: Array<() => void> = [];
  const server = createServer(async (message, response) => {
    const request = await collect(message);
    const index = requests.filter(({ path }) => path === request.path).length;
    requests.push(request);
    for (const wake of waiting.splice(0)) wake();
    answer(response, index, request);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no address");
  const bodies = (path: string) =>
    requests.filter((request) => request.path === path).map(({ body }) => body);
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    spans: () =>
      bodies("/v1/traces").flatMap((body) =>
        ExportTraceServiceRequest.decode(body).resourceSpans.flatMap(({ scopeSpans }) =>
          scopeSpans.flatMap(({ spans }) => spans),
        ),
      ),
    logs: () =>
      bodies("/v1/logs").flatMap((body) =>
        ExportLogsServiceRequest.decode(body).resourceLogs.flatMap(({ scopeLogs }) =>
          scopeLogs.flatMap(({ logRecords }) => logRecords),
        ),
      ),
    received: async (count) => {
      while (requests.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function collect(message: IncomingMessage): Promise<CollectedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const raw = Buffer.concat(chunks);
  const isCompressed = message.headers["content-encoding"] === "gzip";
  return {
    path: message.url ?? "",
    headers: message.headers,
    body: isCompressed ? gunzipSync(raw) : raw,
  };
}
