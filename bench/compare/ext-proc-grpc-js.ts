/**
 * An ext_proc server on grpc-js that decides nothing: every phase is answered with an empty continue. A program of
 * its own for the benchmark `extproc`; its one argument is the path of its Unix socket.
 */
import http2 from "node:http2";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { MethodDefinition, ServerDuplexStream } from "@grpc/grpc-js";
import { envoy } from "../../gateway/proto/gen/extproc.js";
import { toBuffer } from "../../gateway/proto/grpc-buffer.ts";

const { ProcessingRequest, ProcessingResponse } = envoy.service.ext_proc.v3;
type Request = envoy.service.ext_proc.v3.ProcessingRequest;
type Response = envoy.service.ext_proc.v3.IProcessingResponse;

const processMethod: MethodDefinition<Request, Response> = {
  path: "/envoy.service.ext_proc.v3.ExternalProcessor/Process",
  requestStream: true,
  responseStream: true,
  requestSerialize: (message) => toBuffer(ProcessingRequest.encode(message).finish()),
  requestDeserialize: (bytes) => ProcessingRequest.decode(bytes),
  responseSerialize: (message) => toBuffer(ProcessingResponse.encode(message).finish()),
  responseDeserialize: (bytes) => ProcessingResponse.decode(bytes),
};

/** The answer to a message that changes nothing; undefined for a phase that Envoy is not told to send. */
export function continueWith(request: Request): Response | undefined {
  switch (request.request) {
    case "requestHeaders":
      return { requestHeaders: {} };
    case "responseHeaders":
      return { responseHeaders: {} };
    case "requestBody":
      return { requestBody: {} };
    case "responseBody":
      return { responseBody: {} };
    default:
      return undefined;
  }
}

function answerStream(call: ServerDuplexStream<Request, Response>): void {
  call.on("data", (request: Request) => {
    const response = continueWith(request);
    if (response === undefined) call.destroy(new Error("Cannot answer message: unknown phase"));
    else call.write(response);
  });
  call.on("end", () => call.end());
  call.on("error", () => {}); // Envoy resets every stream that it is done with
}

/**
 * Envoy resets every stream when it is done, and Node's HTTP/2 takes many of those for an attack and ends the
 * connection. grpc-js has no option for it, so that its sessions get a higher limit behind its back.
 */
function tolerateResets(): void {
  const createServer = http2.createServer;
  Object.assign(http2, {
    createServer: (options: http2.ServerOptions) =>
      createServer({ ...options, streamResetBurst: 1e9, streamResetRate: 1e9 }),
  });
}

function main(socket: string): void {
  tolerateResets();
  const server = new Server();
  server.addService({ process: processMethod }, { process: answerStream });
  server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
    if (error !== null) throw error;
    process.stdout.write("listening\n");
  });
}

if (import.meta.main) main(process.argv[2] ?? "");
