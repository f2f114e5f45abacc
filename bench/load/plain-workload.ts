/** Load of chat calls at a chosen pace over kept connections: plain HTTP, or over TLS, or as a worker captures it. */

/** When the next request is sent. */
export type Pace =
  /** Each connection sends again `thinkMs` after its answer */
  | { readonly kind: "closed"; readonly thinkMs: number }
  /** So many requests a second, whether or not earlier ones are answered */
  | { readonly kind: "open"; readonly perSecond: number };

/** Where a connection goes, and what is spoken on it before HTTP. */
export interface PlainTarget {
  readonly host: string;
  readonly port: number;
  /** Port that the agent dialled: the connection begins with the PROXY header of a capturing worker */
  readonly capturedPort?: number;
  /** TLS with this server name, verified against an authority */
  readonly tls?: { readonly serverName: string; readonly caPem: string };
}

/** What a call says where it is none of the usual ones. */
export interface ModelCall {
  readonly host: string;
  /** More header fields, complete lines without CRLF */
  readonly headers: readonly string[];
  readonly body: string;
}

/** Chat calls to one address over kept connections. */
export interface PlainWorkload {
  readonly kind: "plain";
  readonly target: PlainTarget;
  /** Taken in turn */
  readonly paths: readonly string[];
  /** Absent: a chat call of `bodyBytes` to a deployment at Azure */
  readonly call?: ModelCall;
  /** What the fake upstream is asked to answer, see `plain-upstream.ts` */
  readonly answer: string;
  /** Size of the JSON body in `bytes`, about */
  readonly bodyBytes: number;
  readonly connections: number;
  readonly pace: Pace;
  /** What a latency is measured to: the end of the answer or the first byte of its body */
  readonly latencyTo: "end" | "first-byte";
  /** Unmeasured time before the client says that it is ready, in `ms`; 0 for none */
  readonly warmUpMs: number;
  /** End of the measured run: whichever comes first */
  readonly durationMs: number;
  readonly requests?: number;
  /** A request that takes longer has failed, in `ms` */
  readonly deadlineMs: number;
}

/** Header field in which a request says what it wants to be answered. */
export const answerHeader = "x-bench-answer";

/** Bytes of one chat call; an answer that is asked for as events is a stream to the model's API too. */
export function encodeChatCall(
  { answer, bodyBytes, call }: Pick<PlainWorkload, "answer" | "bodyBytes" | "call">,
  path: string,
): Buffer {
  const body = call?.body ?? usualBody(bodyBytes, answer.startsWith("events"));
  return Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      `host: ${call?.host ?? "bench.openai.azure.com"}`,
      "content-type: application/json",
      "accept: application/json",
      "user-agent: bench/1.0",
      `${answerHeader}: ${answer}`,
      ...(call?.headers ?? []),
      `content-length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
  );
}

function usualBody(bytes: number, stream: boolean): string {
  const open = `{"model":"gpt-4o-mini","stream":${stream},"messages":[{"role":"user","content":"`;
  const close = '"}]}';
  return `${open.padEnd(bytes - close.length, "tell me more ")}${close}`;
}
