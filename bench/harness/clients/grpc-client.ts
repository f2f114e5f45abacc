/**
 * Runs `@grpc/grpc-js` against the echo service. The proxy comes from `grpc_proxy` or `https_proxy`, the trusted
 * roots from `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH` of the environment.
 */
import { reportClient, runNodeClient } from "./child-client.ts";
import type { ClientResult, ClientRun } from "./child-client.ts";

/** One call. */
export interface GrpcClientOptions {
  /** `host:port` as gRPC names targets, without a scheme */
  readonly target: string;
  readonly method: "Unary" | "ServerStream";
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Deadline of the call in `ms`; 10 s when absent */
  readonly deadlineMs?: number;
}

/** What the service answered before status OK. */
export interface GrpcClientReport {
  readonly messages: readonly string[];
}

/** Runs one call in a child process; any status but OK is raised with `status` as its number. */
export function runGrpcClient(
  options: GrpcClientOptions,
  run: ClientRun = {},
): Promise<ClientResult<GrpcClientReport>> {
  return runNodeClient(import.meta.url, options, run);
}

async function act(options: GrpcClientOptions): Promise<GrpcClientReport> {
  const { Client, credentials, Metadata } = await import("@grpc/grpc-js");
  const client = new Client(options.target, credentials.createSsl());
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(options.metadata ?? {})) metadata.set(name, value);
  const callOptions = { deadline: Date.now() + (options.deadlineMs ?? 10_000) };
  const call = client.makeServerStreamRequest(
    `/clrk.test.Echo/${options.method}`, // a unary call is a stream of one on the wire
    (text: string) => Buffer.from(text, "utf8"),
    (bytes: Buffer) => bytes.toString("utf8"),
    options.message,
    metadata,
    callOptions,
  );
  const messages: string[] = [];
  try {
    for await (const message of call) messages.push(String(message));
  } finally {
    client.close();
  }
  return { messages };
}

if (import.meta.main) await reportClient(act);
