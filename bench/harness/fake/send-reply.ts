/** Sends a reply over HTTP/1.1 or HTTP/2, with the faults asked for; the only place where a fake writes responses. */
import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { Http2ServerResponse } from "node:http2";
import type { Misbehaviour } from "./misbehaviour.ts";
import type { ReceivedRequest } from "./received-request.ts";
import type { Reply } from "./reply.ts";

/** A response of either HTTP version. */
export type OutgoingResponse = ServerResponse | Http2ServerResponse;

/** Sends `reply` and completes `status` and `replyState` of the record. Never rejects: a lost peer is a state. */
export async function sendReply(
  response: OutgoingResponse,
  record: ReceivedRequest,
  options: { readonly reply: Reply; readonly fault: Misbehaviour | undefined },
): Promise<void> {
  const { reply, fault } = options;
  response.on("error", () => {}); // a reset by the peer; "close" follows
  await pause(fault?.delayHeadersMs, response);
  if (response.destroyed || response.writableFinished) {
    record.replyState = "abandoned";
    return;
  }
  if (fault?.close) {
    closeConnection(response);
    record.replyState = "cut";
    return;
  }
  record.status = reply.status;
  writeHead(response, reply);
  if (record.method === "HEAD" || reply.status === 204 || reply.status === 304) {
    await end(response);
    record.replyState = "sent";
    return;
  }
  record.replyState = await writeBody(response, reply, fault);
}

function writeHead(response: OutgoingResponse, reply: Reply): void {
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  if (reply.body !== undefined) response.setHeader("content-length", Buffer.byteLength(reply.body));
  // Without a body the head waits for end(), so that it carries END_STREAM, as gRPC's Trailers-Only form must.
  if (reply.body === undefined && reply.chunks === undefined) return;
  // Both kinds have the method; only the typings of HTTP/2 lack it.
  if ("stream" in response) response.writeHead(reply.status);
  else response.flushHeaders();
}

async function writeBody(
  response: OutgoingResponse,
  reply: Reply,
  fault: Misbehaviour | undefined,
): Promise<ReceivedRequest["replyState"]> {
  let written = 0;
  const cutAfter = fault?.cutAfterChunks ?? reply.cutAfterChunks;
  for (const chunk of reply.chunks ?? [reply.body ?? ""]) {
    if (written === cutAfter) return cut(response);
    await pause(fault?.delayChunkMs ?? reply.chunkDelayMs, response);
    if (response.destroyed) return "abandoned";
    if (!(await write(response, chunk))) return "abandoned";
    written += 1;
  }
  if (written === cutAfter) return cut(response);
  if (reply.trailers !== undefined) response.addTrailers({ ...reply.trailers });
  return (await end(response)) ? "sent" : "abandoned";
}

/** Resolves when the chunk has left this process, which is also the backpressure; false when the peer is gone. */
function write(response: OutgoingResponse, chunk: string | Uint8Array): Promise<boolean> {
  if (chunk.length === 0) return Promise.resolve(true);
  return settled(response, (done) => {
    if ("stream" in response) response.write(chunk, done);
    else response.write(chunk, done);
  });
}

function end(response: OutgoingResponse): Promise<boolean> {
  return settled(response, (done) => {
    response.end(() => done());
  });
}

function settled(
  response: OutgoingResponse,
  act: (done: (error?: Error | null) => void) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    const onClose = (): void => resolve(false);
    response.once("close", onClose);
    act((error) => {
      response.off("close", onClose);
      resolve(!error);
    });
  });
}

function cut(response: OutgoingResponse): "cut" {
  if ("stream" in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.socket?.destroy();
  return "cut";
}

function closeConnection(response: OutgoingResponse): void {
  if ("stream" in response) response.stream.session?.destroy();
  else response.socket?.destroy();
}

function pause(delayMs: number | undefined, response: OutgoingResponse): Promise<void> {
  if (delayMs === undefined || delayMs <= 0 || response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      response.off("close", wake);
      resolve();
    };
    const timer = setTimeout(wake, delayMs);
    response.once("close", wake);
  });
}
