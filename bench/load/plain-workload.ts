/** Load without TLS or a proxy protocol, for what is measured behind a plain listener: chat calls at a chosen pace. */

/** When the next request is sent. */
export type Pace =
  /** Each connection sends again `thinkMs` after its answer */
  | { readonly kind: "closed"; readonly thinkMs: number }
  /** So many requests a second, whether or not earlier ones are answered */
  | { readonly kind: "open"; readonly perSecond: number };

/** Chat calls to one address over kept connections. */
export interface PlainWorkload {
  readonly kind: "plain";
  readonly target: { readonly host: string; readonly port: number };
  /** Taken in turn */
  readonly paths: readonly string[];
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
  { answer, bodyBytes }: Pick<PlainWorkload, "answer" | "bodyBytes">,
  path: string,
): Buffer {
  const stream = answer.startsWith("events");
  const open = `{"model":"gpt-4o-mini","stream":${stream},"messages":[{"role":"user","content":"`;
  const close = '"}]}';
  const body = `${open.padEnd(bodyBytes - close.length, "tell me more ")}${close}`;
  return Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      "host: bench.openai.azure.com",
      "content-type: application/json",
      "accept: application/json",
      "user-agent: bench/1.0",
      `${answerHeader}: ${answer}`,
      `content-length: ${body.length}`,
      "",
      body,
    ].join("\r\n"),
  );
}
