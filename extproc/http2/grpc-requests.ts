/** Which handler a gRPC request gets, or how it is refused (gRPC over HTTP/2, "Requests"). */

import { BufferPool } from "./buffer-pool.ts";
import { ByteBudget } from "./byte-budget.ts";
import type { OpenCall } from "./call.ts";
import { GrpcExchange } from "./grpc-exchange.ts";
import type { ExchangeOptions } from "./grpc-exchange.ts";
import { encodeHttpStatus, encodeTrailersOnly, GRPC_STATUS } from "./grpc-status.ts";
import type { Http2Limits } from "./limits.ts";
import { deafHandler } from "./stream.ts";
import type { OpenStream } from "./stream.ts";

/** What a server of gRPC calls serves. */
export interface GrpcRequestsOptions {
  /** By `:path`, such as `/package.Service/Method` */
  readonly methods: ReadonlyMap<string, OpenCall>;
  readonly limits: Http2Limits;
  /** Takes what handlers threw; must not throw */
  readonly onError: (error: unknown) => void;
}

const methodNotAllowed = encodeHttpStatus(405);
const unsupportedMediaType = encodeHttpStatus(415);
const unknownMethod = encodeTrailersOnly(
  GRPC_STATUS.unimplemented,
  "The method is not served here",
);

/** Opens the calls of one connection, whose incomplete messages share a budget. */
export function createRequestOpener(options: GrpcRequestsOptions): OpenStream {
  const { methods, limits, onError } = options;
  const exchange: ExchangeOptions = {
    limits: {
      maxMessageBytes: limits.maxMessageBytes,
      budget: new ByteBudget(limits.maxPartialBytes),
      buffers: new BufferPool(),
    },
    onError,
  };
  return (stream, head) => {
    const openCall = methods.get(head.path);
    if (head.method !== "POST" || !isGrpc(head.contentType) || openCall === undefined) {
      stream.end(refusalOf(head.method, head.contentType));
      return deafHandler;
    }
    const call = new GrpcExchange(stream, head, exchange);
    call.open(openCall);
    return call;
  };
}

function refusalOf(method: string, contentType: string): Uint8Array {
  if (method !== "POST") return methodNotAllowed;
  return isGrpc(contentType) ? unknownMethod : unsupportedMediaType;
}

/** `application/grpc`, alone or with a format or parameters. */
function isGrpc(contentType: string): boolean {
  const name = "application/grpc";
  if (contentType === name) return true;
  const next = contentType[name.length];
  return contentType.startsWith(name) && (next === "+" || next === ";");
}
