/**
 * An engine for tests of Envoy's configuration: answers on a Unix socket what the test says, and keeps what it was
 * asked. It shares no code with the engine, so that what Envoy does is all that is tested.
 */
import path from "node:path";
import type { MethodDefinition, ServerDuplexStream } from "@grpc/grpc-js";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import type { Test } from "tap";
import { envoy } from "../proto/gen/extproc.js";
import { toBuffer } from "../proto/grpc-buffer.ts";
import { temporaryDirectory } from "./processes.ts";

type Request = envoy.service.ext_proc.v3.ProcessingRequest;

/** An answer to Envoy. */
export type EngineReply = envoy.service.ext_proc.v3.IProcessingResponse;

/** One stream as Envoy told it. */
export interface AskedStream {
  /** gRPC metadata by name */
  readonly metadata: Readonly<Record<string, string>>;
  readonly messages: Request[];
  /** Names of the messages in their order, such as `requestHeaders`; `+` where nothing follows */
  readonly phases: string[];
}

/** What to answer to one message; `silence` is none, `end` ends the stream with an error. */
export type EngineScript = (message: Request, stream: AskedStream) => EngineReply | "silence" | "end";

/** An engine that runs until the test ends. */
export interface ScriptedEngine {
  readonly socket: string;
  readonly streams: readonly AskedStream[];
}

const { ProcessingRequest, ProcessingResponse } = envoy.service.ext_proc.v3;

const process: MethodDefinition<Request, EngineReply> = {
  path: "/envoy.service.ext_proc.v3.ExternalProcessor/Process",
  requestStream: true,
  responseStream: true,
  requestSerialize: (message) => toBuffer(ProcessingRequest.encode(message).finish()),
  requestDeserialize: (bytes) => ProcessingRequest.decode(bytes),
  responseSerialize: (message) => toBuffer(ProcessingResponse.encode(message).finish()),
  responseDeserialize: (bytes) => ProcessingResponse.decode(bytes),
};

/** The answer that changes nothing. */
export function continueReply({ request }: Pick<Request, "request">): EngineReply {
  return request === undefined ? {} : { [request]: {} };
}

/** Value of a header of the message, or undefined. */
export function headerOf(
  { requestHeaders, responseHeaders }: Request,
  name: string,
): string | undefined {
  const fields = (requestHeaders ?? responseHeaders)?.headers?.headers ?? [];
  const found = fields.find(({ key }) => key === name);
  return found && (found.value || Buffer.from(found.rawValue).toString());
}

/** Starts one that answers by the script; by default it changes nothing. */
export async function startScriptedEngine(
  t: Test,
  script: EngineScript = continueReply,
): Promise<ScriptedEngine> {
  const socket = path.join(await temporaryDirectory(t), "engine.sock");
  const streams: AskedStream[] = [];
  const server = new Server({ "grpc.max_receive_message_length": 64 * 1024 * 1024 });
  server.addService({ process }, { process: (call: Call) => streams.push(serve(call, script)) });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  t.teardown(() => server.forceShutdown());
  return { socket, streams };
}

type Call = ServerDuplexStream<Request, EngineReply>;

function serve(call: Call, script: EngineScript): AskedStream {
  const metadata = Object.fromEntries(
    Object.entries(call.metadata.getMap()).map(([name, value]) => [name, String(value)]),
  );
  const stream: AskedStream = { metadata, messages: [], phases: [] };
  call.on("data", (message: Request) => {
    stream.messages.push(message);
    stream.phases.push(`${message.request}${isLast(message) ? "+" : ""}`);
    const reply = script(message, stream);
    if (reply === "silence") return;
    if (reply === "end") call.emit("error", { code: status.UNAVAILABLE, details: "The end" });
    else call.write(reply);
  });
  call.on("error", () => {});
  call.on("end", () => call.end());
  return stream;
}

function isLast({ requestHeaders, requestBody, responseHeaders, responseBody }: Request): boolean {
  const part = requestHeaders ?? requestBody ?? responseHeaders ?? responseBody;
  return part?.endOfStream === true;
}
