/**
 * The HTTP interface of ClickHouse on a Unix socket, in front of the embedded engine: one client library then serves it
 * and a server alike. Whoever can open the socket may do anything; its folder is its owner's only.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { ClrkError, describeError, toClrkError } from "../../gateway/errors.ts";
import { createServer } from "../../gateway/node-http.ts";
import type { EngineAnswer } from "./chdb-engine.ts";
import { EngineError } from "./engine-session.ts";
import { parseStoreRequest } from "./store-request.ts";
import type { StoreRequest } from "./store-request.ts";

/** What runs the statements. */
export interface StatementRunner {
  run(request: StoreRequest, signal: AbortSignal): Promise<EngineAnswer>;
}

/** Rows of one INSERT, with room to spare beyond a writer's largest batch. */
const mostBodyBytes = 96 * 1024 * 1024;

/** Parameters stand in the address: the sequences of 10,000 rows are 230 KB. A ClickHouse server takes 1 MiB too. */
const maxHeaderSize = 1024 * 1024;

/** The server; the caller makes it listen, and closes it. */
export function createStoreEndpoint(engine: StatementRunner): Server {
  const server = createServer({ keepAliveTimeout: 60_000, maxHeaderSize }, (request, response) => {
    answer(engine, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, error);
    });
  });
  server.requestTimeout = 60_000;
  return server;
}

async function answer(
  engine: StatementRunner,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://store");
  if (url.pathname === "/ping") {
    response.end("Ok.\n");
    return;
  }
  const statement = parseStoreRequest(url, await readBody(request));
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const done = await engine.run(statement, gone.signal);
  const summary = {
    read_rows: String(done.readRows),
    read_bytes: String(done.readBytes),
    written_rows: String(done.writtenRows),
    written_bytes: String(done.writtenBytes),
    total_rows_to_read: "0",
    result_rows: "0",
    result_bytes: String(done.body.length),
    elapsed_ns: "0",
  };
  response.writeHead(200, {
    "content-type": "text/plain; charset=UTF-8",
    "x-clickhouse-summary": JSON.stringify(summary),
    "x-clickhouse-query-id": url.searchParams.get("query_id") ?? "",
  });
  response.end(done.body);
}

function refuse(response: ServerResponse, error: unknown): void {
  if (error instanceof EngineError) {
    const code = String(error.engineCode);
    // The client reads code and type from this form of the text.
    const text = error.message.startsWith("Code:")
      ? error.message
      : `Code: ${code}. DB::Exception: ${error.message}. (UNKNOWN_EXCEPTION)`;
    response.writeHead(500, { "x-clickhouse-exception-code": code });
    response.end(text);
    return;
  }
  const { status, message } = toClrkError(error);
  response.writeHead(status);
  response.end(describeError(message));
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > mostBodyBytes) {
      const message = `Cannot take a statement of more than ${mostBodyBytes} bytes`;
      throw new ClrkError("CLRK_TOO_LARGE", message);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
