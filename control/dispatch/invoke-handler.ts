/**
 * `POST …/taskagents/NAME/invoke`: from a request of the API server to a call of the dispatcher, and its answer back, as
 * it comes or whole. Whether the caller may is decided before.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Clock } from "../../gateway/clock.ts";
import { ClrkError, describeError } from "../../gateway/errors.ts";
import { CLRK_HEADERS } from "../../gateway/headers.ts";
import type { Logger } from "../../gateway/log.ts";
import {
  StatusError,
  badRequest,
  methodNotAllowed,
  tooLarge,
  tooManyRequests,
} from "../apiserver/status-error.ts";
import { UserPlaces } from "../apiserver/user-places.ts";
import { isInvocationId } from "../invocations/event-codec.ts";
import { toCallerHeaders } from "./call-headers.ts";
import type { AdmittedCall, CallAnswer, CallRefusal, Dispatcher } from "./dispatcher.ts";
import { sendWhole } from "./held-answer.ts";
import { keepBody } from "./identified-call.ts";

/** Most bytes of a request's body. */
export const maxCallBytes = 32 * 1024 * 1024;

/** Calls that run at once, whether their callers wait or not. */
export interface CallBounds {
  readonly running: number;
  /** Of one user */
  readonly runningOfOne: number;
}

/** A quarter of the connections of the API server, and of those a half for one user. */
const defaultBounds: CallBounds = { running: 1_024, runningOfOne: 512 };

/** A request to call an agent. */
export interface InvokeRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly namespace: string;
  readonly name: string;
  /** Who calls, for the record */
  readonly user: string;
  /** Aborted when the caller has gone, or the server closes */
  readonly signal: AbortSignal;
}

/** Answers calls; `close()` ends those that nobody waits for. */
export class InvokeHandler {
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #bounds: CallBounds;
  readonly #places: UserPlaces;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor({
    dispatcher,
    clock,
    logger,
    bounds = defaultBounds,
  }: {
    readonly dispatcher: Dispatcher;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly bounds?: CallBounds;
  }) {
    this.#dispatcher = dispatcher;
    this.#clock = clock;
    this.#logger = logger;
    this.#bounds = bounds;
    this.#places = new UserPlaces({ all: bounds.running, ofOne: bounds.runningOfOne });
  }

  /** Answers one request; throws a StatusError while nothing of an answer was sent. */
  async answer(call: InvokeRequest): Promise<void> {
    try {
      await this.#answer(call);
    } catch (error) {
      throw error instanceof ClrkError && error.code === "CLRK_UNAVAILABLE"
        ? unavailable(error.expose)
        : error;
    }
  }

  async #answer(call: InvokeRequest): Promise<void> {
    const { request, response } = call;
    if (request.method !== "POST") throw methodNotAllowed();
    const id = readId(request);
    if (Number(request.headers["content-length"] ?? 0) > maxCallBytes) throw tooLarge(maxCallBytes);
    response.setHeader(CLRK_HEADERS.invocationId, id);
    const leave = this.#enter(call.user);
    if (prefersAsync(request)) await this.#answerAtOnce(call, { id, leave });
    else await this.#answerThrough(call, id).finally(leave);
  }

  /** Counts a call, and gives what ends that. Throws a 429 where too many run. */
  #enter(user: string): () => void {
    const place = this.#places.take(user);
    const { running, runningOfOne } = this.#bounds;
    switch (place.kind) {
      case "taken":
        return place.leave;
      case "own-full":
        throw tooManyRequests(
          `${place.taken} calls of ${JSON.stringify(user)} run, at most ${runningOfOne} may: try again when one has ended`,
        );
      case "all-full":
        throw tooManyRequests(
          `${place.taken} calls run, at most ${running} may: try again when one has ended`,
        );
    }
  }

  /** Ends calls that nobody waits for, and resolves when they are told as ended; safe to call again. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
  }

  async #answerThrough(call: InvokeRequest, id: string): Promise<void> {
    const { request, response } = call;
    const signal = AbortSignal.any([call.signal, this.#closing.signal]);
    const body = hasBody(request) ? boundedBody(request) : undefined;
    try {
      const admitted = await this.#dispatcher.admit({
        ...{ ...callOf(call, id), signal },
        ...(body !== undefined && { body }),
      });
      const answer = await sendAdmitted(admitted);
      if (!answer.isStreaming) {
        const { kept } = this.#dispatcher;
        return await sendWhole(answer, response, {
          ...{ id, kept, owner: call.user, clock: this.#clock },
        });
      }
      const { statusCode = 502, headers } = answer.response;
      response.writeHead(statusCode, toCallerHeaders(headers, id));
      // What breaks off shall look broken to the caller: `pipeline` destroys the response.
      await pipeline(answer.response, response).catch(() => {});
      await answer.ended;
    } finally {
      body?.destroy();
    }
  }

  async #answerAtOnce(
    call: InvokeRequest,
    { id, leave }: { readonly id: string; readonly leave: () => void },
  ): Promise<void> {
    const { request, response } = call;
    const content = this.#dispatcher.kept.open(maxCallBytes, call.user);
    const giveBack = () => {
      content.release();
      leave();
    };
    const { signal } = this.#closing;
    try {
      await keepBody(request, content);
      const admitted = await this.#dispatcher.admit({
        ...{ ...callOf(call, id), signal },
        ...(content.bytes > 0 && { body: content.stream() }),
      });
      if (admitted.kind === "refused") throw statusErrorOf(admitted);
      this.#keepRunning(this.#runUnwatched(admitted, id).finally(giveBack));
    } catch (error) {
      giveBack();
      throw error;
    }
    response.writeHead(202, {
      "content-type": "application/json",
      "preference-applied": "respond-async",
    });
    response.end(JSON.stringify({ invocation: id }));
  }

  async #runUnwatched(admitted: AdmittedCall, id: string): Promise<void> {
    try {
      const answer = await admitted.send();
      if (answer.kind === "refused") return;
      answer.response.resume();
      await answer.ended;
    } catch (error) {
      this.#logger.warn("Call failed", { invocation: id, error: describeError(error) });
    }
  }

  #keepRunning(run: Promise<void>): void {
    this.#running.add(run);
    void run.finally(() => this.#running.delete(run));
  }
}

function callOf({ request, namespace, name, user }: InvokeRequest, id: string) {
  const isCli = request.headers[CLRK_HEADERS.trigger] === "cli";
  const trigger = { type: isCli ? ("CLI" as const) : ("HTTP" as const), source: user };
  const { headers, headersDistinct: headerValues } = request;
  return { id, namespace, name, trigger, headers, headerValues };
}

function readId(request: IncomingMessage): string {
  const sent = request.headers[CLRK_HEADERS.invocationId];
  if (sent === undefined) return randomUUID();
  if (typeof sent === "string" && isInvocationId(sent)) return sent;
  throw badRequest(
    `the header ${CLRK_HEADERS.invocationId} is no UUID in lower case; leave it out to be given one`,
  );
}

async function sendAdmitted(admitted: AdmittedCall | CallRefusal): Promise<CallAnswer> {
  const answer = admitted.kind === "refused" ? admitted : await admitted.send();
  if (answer.kind === "refused") throw statusErrorOf(answer);
  return answer;
}

function statusErrorOf({ status, reason, message }: CallRefusal): StatusError {
  return new StatusError({
    ...{ code: status, reason, message },
    ...(status === 429 && { details: { retryAfterSeconds: 1 } }),
  });
}

function unavailable(message: string): StatusError {
  return new StatusError({ code: 503, reason: "ServiceUnavailable", message });
}

/** RFC 7240 §4.1. */
function prefersAsync(request: IncomingMessage): boolean {
  const wishes = String(request.headers["prefer"] ?? "").split(",");
  return wishes.some((wish) => /^respond-async(?:\s*[;=]|$)/i.test(wish.trim()));
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** The body, which ends with a 413 where it becomes too large. */
function boundedBody(request: IncomingMessage): Transform {
  let bytes = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxCallBytes) done(tooLarge(maxCallBytes));
      else done(null, chunk);
    },
  });
  bounded.on("error", () => {});
  request.once("error", (error) => bounded.destroy(error));
  return request.pipe(bounded);
}
