/**
 * A model provider that keeps an account of its own, as one that sends bills: input is due when the whole request is
 * there; output as it is made, told to somebody or not. It speaks OpenAI's chat completions and Anthropic's messages,
 * and tells usage where these do: at the end, and Anthropic's streams also at their start.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createSecureServer } from "node:http2";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { createServer } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import type { Duplex } from "node:stream";
import type { UpstreamCertificate } from "../harness/upstream-authority.ts";
import type { TestScope } from "../harness/processes.ts";
import { answerPlanOf } from "./call-plan.ts";
import type { CountedPrompt, Dialect } from "./dialects.ts";
import { dialectOf } from "./dialects.ts";
import { pick } from "./random.ts";

/** One call as it would stand on the bill. */
export interface BilledCall {
  readonly input: number;
  /** Made so far */
  readonly output: number;
  /** All of the count was sent */
  readonly isReported: boolean;
}

/** A running provider. */
export interface CountingProvider {
  readonly port: number;
  /** By trace id; calls whose request never came whole are not in it */
  readonly bill: ReadonlyMap<string, BilledCall>;
}

interface OpenCall {
  input: number;
  output: number;
  isReported: boolean;
}

/** How a provider is set up. */
export interface CountingProviderOptions {
  readonly certificate: UpstreamCertificate;
  /** What it writes, in parts */
  readonly answers: readonly string[];
  /** The only one that it speaks */
  readonly protocol: "h2" | "http/1.1";
}

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** Starts the provider on loopback; it ends with the test. */
export async function startCountingProvider(
  scope: TestScope,
  { certificate, answers, protocol }: CountingProviderOptions,
): Promise<CountingProvider> {
  const bill = new Map<string, OpenCall>();
  const sockets = new Set<Duplex>();
  const identity = { cert: certificate.certificatePem, key: certificate.privateKeyPem };
  const onRequest = (request: Request, response: Response) => {
    void serve({ request, response, bill, answers });
  };
  // Envoy resets a stream for each agent that goes.
  const resets = { streamResetBurst: 1_000_000, streamResetRate: 1_000_000 };
  const server =
    protocol === "h2"
      ? createSecureServer({ ...identity, ...resets }, onRequest).on("sessionError", () => {})
      : createServer(identity, onRequest);
  server.on("connection", (socket: Duplex) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  scope.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const bound = server.address();
  return { port: bound !== null && typeof bound === "object" ? bound.port : 0, bill };
}

interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly bill: Map<string, OpenCall>;
  readonly answers: readonly string[];
}

async function serve({ request, response, bill, answers }: Exchange): Promise<void> {
  response.on("error", () => {});
  const body = await readWhole(request);
  if (body === undefined) return;
  const dialect = dialectOf(request.url ?? "");
  const prompt = dialect.read(body);
  const traceId = String(request.headers["traceparent"]).split("-")[1] ?? "";
  const call: OpenCall = { input: prompt.tokens, output: 0, isReported: false };
  bill.set(traceId, call);
  const plan = answerPlanOf(traceId);
  const text = pick(plan.random, answers);
  const pieces = dialect.vocabulary.pieces(text, plan.tokens, plan.random);
  await pause(plan.thinkMs);
  const made = { dialect, prompt, pieces, call, pauseMs: plan.pauseMs };
  if (prompt.isStream) await stream(response, made);
  else answer(response, made);
}

interface MadeAnswer {
  readonly dialect: Dialect;
  readonly prompt: CountedPrompt;
  readonly pieces: ReturnType<Dialect["vocabulary"]["pieces"]>;
  readonly call: OpenCall;
  readonly pauseMs: number;
}

/** A plain answer is made to its end, whoever is still there to take it. */
function answer(response: Response, { dialect, prompt, pieces, call }: MadeAnswer): void {
  call.output = pieces.reduce((sum, { tokens }) => sum + tokens, 0);
  if (isGone(response)) return;
  const text = pieces.map((piece) => piece.text).join("");
  const body = Buffer.from(dialect.plain(text, { input: prompt.tokens, output: call.output }));
  response.statusCode = 200;
  response.setHeader("content-type", "application/json");
  response.setHeader("content-length", body.length);
  response.end(body);
  call.isReported = true;
}

/** A stream is made until its taker is gone. */
async function stream(
  response: Response,
  { dialect, prompt, pieces, call, pauseMs }: MadeAnswer,
): Promise<void> {
  if (isGone(response)) return;
  response.statusCode = 200;
  response.setHeader("content-type", "text/event-stream");
  send(response, dialect.begin(prompt));
  for (const piece of pieces) {
    await pause(pauseMs);
    if (isGone(response)) return;
    call.output += piece.tokens;
    send(response, dialect.delta(piece.text));
  }
  response.end(dialect.end({ input: prompt.tokens, output: call.output }, prompt));
  call.isReported = true;
}

/** The two kinds of response have no call of `write` in common. */
function send(response: Response, text: string): void {
  if ("stream" in response) response.write(text);
  else response.write(text);
}

function isGone(response: Response): boolean {
  const isReset = "stream" in response && response.stream?.destroyed === true;
  return response.destroyed || response.writableEnded || isReset;
}

/** Undefined where the request broke off. */
function readWhole(request: Request): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("error", () => resolve(undefined));
    request.once("aborted", () => resolve(undefined));
    request.once("close", () => resolve(undefined));
  });
}
