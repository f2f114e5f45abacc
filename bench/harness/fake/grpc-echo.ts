/**
 * gRPC service `clrk.test.Echo` on raw HTTP/2: `Unary` answers the message it got, `ServerStream` answers it
 * `x-echo-count` times (3 when absent). Messages are opaque bytes. `x-echo-status: N` ends the call with that status.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import type { ReceivedRequest } from "./received-request.ts";
import type { Reply } from "./reply.ts";

/** Path prefix of the service. */
export const grpcEchoPrefix = "/clrk.test.Echo/";

const INVALID_ARGUMENT = 3;
const UNIMPLEMENTED = 12;
const FRAME_HEAD_BYTES = 5;
const countLimit = 10_000;

/** Answers one call whose request arrived whole. */
export function answerGrpc(request: ReceivedRequest): Reply {
  const {
    "content-type": contentType = "",
    "x-echo-count": count = "3",
    "x-echo-status": status,
  } = request.headers;
  if (request.httpVersion !== "2.0" || request.method !== "POST") {
    return {
      status: 400,
      headers: { "content-type": "text/plain" },
      body: "gRPC needs POST over HTTP/2",
    };
  }
  if (!/^application\/grpc(\+proto)?$/.test(contentType)) {
    return { status: 415, headers: { "content-type": "text/plain" }, body: "not application/grpc" };
  }
  const message = tryReadMessage(request.body);
  if (typeof message === "string") return failed(INVALID_ARGUMENT, message);
  if (status !== undefined) return failed(Number(status), `asked for status ${status}`);
  switch (request.pathname.slice(grpcEchoPrefix.length)) {
    case "Unary":
      return answered([frameMessage(message)]);
    case "ServerStream": {
      if (!/^\d{1,5}$/.test(count) || Number(count) > countLimit) {
        return failed(INVALID_ARGUMENT, "x-echo-count is not a count");
      }
      return answered(Array.from({ length: Number(count) }, () => frameMessage(message)));
    }
    default:
      return failed(UNIMPLEMENTED, "unknown method");
  }
}

/** Length-prefixed, uncompressed gRPC message. */
export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, FRAME_HEAD_BYTES);
  return frame;
}

function tryReadMessage(body: Buffer): Buffer | string {
  if (body.length < FRAME_HEAD_BYTES) return "no message";
  if (body[0] !== 0) return "compressed messages are not understood";
  const message = body.subarray(FRAME_HEAD_BYTES);
  return body.readUInt32BE(1) === message.length ? message : "not exactly one message";
}

function answered(chunks: readonly Buffer[]): Reply {
  const headers = { "content-type": "application/grpc" };
  return { status: 200, headers, chunks, trailers: { "grpc-status": "0", "grpc-message": "" } };
}

function failed(status: number, message: string): Reply {
  const headers = {
    "content-type": "application/grpc",
    "grpc-status": String(status),
    "grpc-message": encodeURIComponent(message),
  };
  return { status: 200, headers }; // "Trailers-Only" form
}
