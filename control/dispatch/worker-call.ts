/**
 * One try of giving a call to a worker: HTTP/1.1, `POST /`. The body is sent when the worker asks for it (100 Continue),
 * so that a worker that refuses has taken nothing, and the next one can be tried.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import { CLRK_HEADERS } from "../../gateway/headers.ts";
import { Agent, request as httpRequest } from "../../gateway/node-http.ts";

/** A worker that does not ask for the body is sent it after this time in `ms`, as RFC 9110 §10.1.1 wants it. */
const continueAfterMs = 1_000;

/** Time in `ms` in which a worker must take the connection. */
const connectTimeoutMs = 5_000;

/** What is given. */
export interface WorkerCall {
  /** `host:port` */
  readonly endpoint: string;
  readonly headers: Record<string, string | string[]>;
  /** Read only when the worker takes the call; absent: there is none */
  readonly body?: Readable;
  /** Ends the call, whatever it is at */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** What became of the try. */
export type WorkerAnswer =
  /** It is the caller's to read to its end */
  | { readonly kind: "answered"; readonly response: IncomingMessage }
  /** The worker has run nothing; `reason` is its word for why. Something of the body is gone unless `isUnsent` */
  | { readonly kind: "refused"; readonly reason: string; readonly isUnsent: boolean }
  /** Nothing is known to have been run when `isUnsent` */
  | { readonly kind: "unreachable"; readonly isUnsent: boolean; readonly error: Error };

/** No connection is kept: one that the worker closes at that moment would look like a failed call. */
const agent = new Agent({ keepAlive: false });

/** Tries one worker; resolves with its response head. Never rejects. */
export function callWorker(call: WorkerCall): Promise<WorkerAnswer> {
  return new Promise((resolve) => {
    const { endpoint, headers, body, signal } = call;
    if (!URL.canParse(`http://${endpoint}`)) {
      const error = new Error(`Cannot use ${JSON.stringify(endpoint)} as an address`);
      resolve({ kind: "unreachable", isUnsent: true, error });
      return;
    }
    const { hostname, port } = new URL(`http://${endpoint}`);
    const isExpecting = body !== undefined;
    const outgoing = httpRequest({
      ...{ agent, method: "POST", path: "/", signal },
      ...{ host: hostname.replace(/^\[|\]$/g, ""), port },
      headers: { ...headers, ...(isExpecting && { expect: "100-continue" }) },
    });
    const sending = new BodySending(outgoing, call);
    outgoing.once("response", (response) => {
      sending.stop();
      resolve(readAnswer(response, { end: () => outgoing.destroy(), isUnsent: !sending.hasBegun }));
    });
    const fail = (error: Error) => {
      const isUnsent = !sending.hasBegun && !sending.mayBeComplete;
      sending.stop();
      resolve({ kind: "unreachable", isUnsent, error });
    };
    // A connection that becomes another one, or ends, is no error to Node, and no answer.
    outgoing.once("upgrade", (_response, socket) => {
      socket.destroy();
      fail(new Error("The worker answered with another protocol"));
    });
    outgoing.once("close", () => fail(new Error("The worker ended the connection")));
    outgoing.once("error", fail);
  });
}

/** When the body goes, and that a connection is there in time. */
class BodySending {
  readonly #outgoing: ClientRequest;
  readonly #call: WorkerCall;
  readonly #connectTimer: TimerHandle;
  #continueTimer: TimerHandle | undefined;
  #hasBegun = false;
  #isConnected = false;

  constructor(outgoing: ClientRequest, call: WorkerCall) {
    this.#outgoing = outgoing;
    this.#call = call;
    const { clock } = call;
    this.#connectTimer = clock.setTimeout(() => {
      outgoing.destroy(new Error(`No connection within ${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
    outgoing.once("socket", (socket) => socket.once("connect", () => this.#onConnect()));
    outgoing.once("continue", () => this.#begin());
    if (call.body === undefined) outgoing.end();
    // Without this Node holds the head back until there is a body.
    else outgoing.flushHeaders();
  }

  /** Whether the worker may have something of the body */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether the worker may have the head, which is all of a call without body */
  get mayBeComplete(): boolean {
    return this.#isConnected && this.#call.body === undefined;
  }

  /** Nothing is sent any more; what of the body is left is the caller's. */
  stop(): void {
    this.#call.clock.clearTimeout(this.#connectTimer);
    this.#call.clock.clearTimeout(this.#continueTimer);
  }

  #onConnect(): void {
    const { clock, body } = this.#call;
    this.#isConnected = true;
    clock.clearTimeout(this.#connectTimer);
    if (body === undefined) return;
    this.#continueTimer = clock.setTimeout(() => this.#begin(), continueAfterMs);
  }

  #begin(): void {
    const { body, clock } = this.#call;
    clock.clearTimeout(this.#continueTimer);
    if (this.#hasBegun || body === undefined || this.#outgoing.destroyed) return;
    this.#hasBegun = true;
    body.once("error", (error) => this.#outgoing.destroy(error));
    body.pipe(this.#outgoing);
  }
}

function readAnswer(
  response: IncomingMessage,
  { end, isUnsent }: { readonly end: () => void; readonly isUnsent: boolean },
): WorkerAnswer {
  const reason = response.headers[CLRK_HEADERS.refusal];
  if (typeof reason !== "string") return { kind: "answered", response };
  response.on("error", () => {});
  end();
  const word = /^[A-Za-z]{1,64}$/.test(reason) ? reason : "Refused";
  return { kind: "refused", reason: word, isUnsent };
}
