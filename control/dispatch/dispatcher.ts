/**
 * Gives calls of TaskAgents to workers. A call has a place on a worker before it is told as dispatched, and gives it back
 * when its answer has been read; whatever ends it before that is told as its end. Invariant: no call runs whose first
 * phases are not on the disk, and none runs twice under one id.
 */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { finished } from "node:stream";
import type { InvocationTrigger } from "../../crds/invocation.ts";
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { InvocationTraces } from "../../gateway/invocation-trace.ts";
import type { Logger } from "../../gateway/log.ts";
import type { ObjectStore } from "../apiserver/object-store.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import { StatusError } from "../apiserver/status-error.ts";
import type { WorkerDirectory } from "../reconcilers/worker-directory.ts";
import type { CallLog } from "./call-events.ts";
import { CallEvents } from "./call-events.ts";
import type { CallHeaders } from "./call-headers.ts";
import { toWorkerHeaders } from "./call-headers.ts";
import type { CallIdentity } from "./call-identity.ts";
import { audiencesOf, noIdentity } from "./call-identity.ts";
import type { CallTarget } from "./call-target.ts";
import { findTarget } from "./call-target.ts";
import { identifyCall } from "./identified-call.ts";
import { KeptBytes } from "./kept-bytes.ts";
import { OwnCalls } from "./own-calls.ts";
import type { PickOutcome, Reservation } from "./worker-picker.ts";
import { WorkerPicker } from "./worker-picker.ts";
import { callWorker } from "./worker-call.ts";

/** What a dispatcher works with. */
export interface DispatcherOptions {
  readonly store: ObjectStore;
  readonly resources: readonly ServedResource[];
  readonly directory: WorkerDirectory;
  readonly log: CallLog;
  readonly traces: InvocationTraces;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From 0 to below 1, for tests */
  readonly random?: () => number;
}

/** One call. */
export interface Call {
  /** UUID in lower case */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly trigger: { readonly type: InvocationTrigger; readonly source: string };
  readonly headers: CallHeaders;
  /** Each header with all values that were sent, names in lower case; absent: none was sent twice */
  readonly headerValues?: Readonly<Record<string, readonly string[] | undefined>>;
  /** Absent where there is none */
  readonly body?: Readable;
  /** Aborted when nobody waits for the answer any more */
  readonly signal: AbortSignal;
  /** The same call may have been begun by a process that was killed: it goes on unless it was given to a worker then */
  readonly isRepeated?: boolean;
}

/** Why a call was not given to a worker, or came to nothing there. */
export interface CallRefusal {
  readonly kind: "refused";
  /** HTTP status for the caller */
  readonly status: number;
  /** Stable word in CamelCase */
  readonly reason: string;
  /** Sentence for the caller */
  readonly message: string;
}

/** A call that has a place on a worker, and nobody has heard of yet. */
export interface AdmittedCall {
  readonly kind: "admitted";
  /** Gives it to the worker. Call it once. */
  send(): Promise<CallAnswer | CallRefusal>;
}

/** A worker answers. */
export interface CallAnswer {
  readonly kind: "answered";
  /** To be read to its end or destroyed, by whoever called */
  readonly response: IncomingMessage;
  /** Whether it is passed on while it is written */
  readonly isStreaming: boolean;
  /** Ends the call because its answer cannot be held; safe to call again */
  readonly giveUp: () => void;
  /** Resolves when the answer is over: whole, or why not */
  readonly ended: Promise<CallEnd>;
}

/** How an answer ended. */
export type CallEnd = "complete" | "broken" | EndCause;

type EndCause = "timeout" | "cancelled" | "closing" | "unheld";

/** How a call that was ended from here is told. */
const endings: Readonly<Record<EndCause, Parameters<CallEvents["tellEnd"]>>> = {
  timeout: ["Timeout", "DeadlineExceeded", "It was not over within the timeout of its agent"],
  cancelled: ["Failed", "Cancelled", "The caller went away before it was over"],
  closing: ["Failed", "ControlStopped", "The control process ended before it was over"],
  unheld: [
    "Failed",
    "AnswerTooLarge",
    "Its answer could not be held, and its agent does not stream",
  ],
};

const alreadyExists = "AlreadyExists";

/** Tries of different workers for one call. */
const mostTries = 3;

/** Most bytes of bodies and answers of all calls that are held in memory. */
const maxKeptBytes = 128 * 1024 * 1024;

/** See the file. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #picker: WorkerPicker;
  readonly #calls = new Set<CallWatch>();
  /** Calls of this process, by their id */
  readonly own: OwnCalls;
  /** Holds bodies and answers of calls */
  readonly kept = new KeptBytes(maxKeptBytes);

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#picker = new WorkerPicker(options.directory, options.random, options.clock);
    this.own = new OwnCalls(options.clock);
  }

  /** Calls that are in flight */
  get inFlight(): number {
    return this.#calls.size;
  }

  /** Calls of a TaskAgent that are in flight. */
  inFlightOf(namespace: string, name: string): number {
    return this.#picker.inFlightOf(agentKey({ namespace, name }));
  }

  /** The least that these were when any worker that lives may have written its last report. */
  leastInFlightOf(namespace: string, name: string): number {
    return this.#picker.leastInFlightOf(agentKey({ namespace, name }));
  }

  /** Finds a place for a call, and tells that it is dispatched. Rejects where its events cannot be kept: then it did not begin. */
  async admit(call: Call): Promise<AdmittedCall | CallRefusal> {
    const target = findTarget(this.#options, call);
    if (target.kind === "absent") return absent(call);
    if (target.kind === "invalid") return invalid(call, target.message);
    return this.#identify(call, target);
  }

  /** Ends all calls; safe to call again. */
  close(): void {
    for (const watch of this.#calls) watch.end("closing");
  }

  /** Tells the first phases of a call; of an id that is known here there is one, whose state is not touched. */
  async #begin(
    id: string,
    tell: () => Promise<AdmittedCall | CallRefusal>,
  ): Promise<AdmittedCall | CallRefusal> {
    if (!this.own.begin(id)) return repeated(id);
    let admitted: AdmittedCall | CallRefusal | undefined;
    try {
      admitted = await tell();
      return admitted;
    } finally {
      // What was told of it before is of another life.
      const isOver = admitted?.kind === "refused" && admitted.reason !== alreadyExists;
      if (isOver) this.own.end(id);
      else if (admitted?.kind !== "admitted") this.own.drop(id);
    }
  }

  async #identify(call: Call, target: CallTarget): Promise<AdmittedCall | CallRefusal> {
    const isScheduled = call.trigger.type === "Cron";
    const found = await identifyCall(target.identity, { ...call, isScheduled }, this.kept);
    if (found.kind === "unidentified") {
      return this.#begin(call.id, () => this.#refuseUnidentified(call, target, found.message));
    }
    const { body = call.body, identity, release } = found;
    const identified = { ...call, ...(body !== undefined && { body }) };
    try {
      const known = { call: identified, target, identity, release };
      const admitted = await this.#begin(call.id, () => this.#admitIdentified(known));
      if (admitted.kind === "refused") release();
      return admitted;
    } catch (error) {
      release();
      throw error;
    }
  }

  async #admitIdentified(known: KnownCall): Promise<AdmittedCall | CallRefusal> {
    const { call, target, identity } = known;
    const events = this.#eventsOf(call, target, identity);
    const begun = await events.tell("Pending");
    if (begun.isDuplicate && call.isRepeated !== true) return repeated(call.id);
    const place = this.#reserve(call, target, new Set());
    if (place.kind !== "reserved") {
      const refusal = refusalOf(place.kind, call, target);
      await events.tellEnd("Rejected", refusal.reason, refusal.message);
      return refusal;
    }
    try {
      const dispatched = await events.tell("Dispatched");
      if (dispatched.isDuplicate) {
        place.release();
        return repeated(call.id);
      }
    } catch (error) {
      place.release();
      throw error;
    }
    return { kind: "admitted", send: () => this.#send({ ...known, events, place }) };
  }

  async #refuseUnidentified(call: Call, target: CallTarget, message: string): Promise<CallRefusal> {
    const events = this.#eventsOf(call, target, noIdentity);
    const begun = await events.tell("Pending");
    if (begun.isDuplicate) return repeated(call.id);
    const refusal = unidentified(call, message);
    await events.tellEnd("Rejected", refusal.reason, refusal.message);
    return refusal;
  }

  #eventsOf(call: Call, target: CallTarget, identity: CallIdentity): CallEvents {
    const { id, namespace, name, trigger } = call;
    const agent = { kind: "TaskAgent", namespace, name, uid: target.uid };
    const audiences = audiencesOf(identity);
    const { timeoutMs, gateways } = target;
    return new CallEvents(this.#options, { id, agent, trigger, audiences, timeoutMs, gateways });
  }

  #reserve(call: Call, target: CallTarget, avoid: ReadonlySet<string>): PickOutcome | NoRevision {
    if (target.revision === undefined) return { kind: "no-revision" };
    return this.#picker.reserve({
      agent: agentKey(call),
      revision: `${call.namespace}/${target.revision}`,
      maxConcurrent: target.maxConcurrent,
      perWorker: target.perWorker,
      avoid,
    });
  }

  async #send(run: Run): Promise<CallAnswer | CallRefusal> {
    const watch = new CallWatch(run, this.#options.clock);
    this.#calls.add(watch);
    const end = () => {
      this.#calls.delete(watch);
      watch.stop();
      run.release();
    };
    const tried = await this.#tryWorkers(run, watch);
    if (tried.kind === "refused") {
      end();
      await this.#tellFailure(run, watch, tried);
      this.own.end(run.call.id);
      return watch.cause === "timeout" ? timedOut(run) : tried;
    }
    const ended = this.#follow(tried, run, watch).finally(end);
    return {
      ...{ kind: "answered", response: tried.response, ended },
      isStreaming: run.target.isStreaming,
      giveUp: () => watch.end("unheld"),
    };
  }

  async #tryWorkers(run: Run, watch: CallWatch): Promise<Tried | CallRefusal> {
    const avoid = new Set<string>();
    let place: PickOutcome | NoRevision = run.place;
    let last = unreachable(run.call);
    for (let tries = 0; tries < mostTries && place.kind === "reserved"; tries++) {
      const answer = await this.#callWorker(run, place, watch);
      if (answer.kind === "answered") return { ...answer, place };
      place.release();
      avoid.add(place.podName);
      if (answer.kind === "refused") {
        last = refusedByWorkers(run.call, answer.reason);
        // The next worker would run on what is left of the body.
        if (!answer.isUnsent) return last;
      }
      if (answer.kind === "unreachable") {
        this.#options.logger.warn("Cannot reach a worker", {
          ...{ invocation: run.call.id, worker: place.podName, error: describeError(answer.error) },
        });
        // What was wrong with the body is told in its own words.
        if (answer.error instanceof StatusError) return bodyRefused(answer.error);
        if (!answer.isUnsent) return last;
      }
      if (watch.cause !== undefined) return last;
      place = this.#reserve(run.call, run.target, avoid);
    }
    if (place.kind === "reserved") place.release();
    return last;
  }

  #callWorker({ call, target, identity }: Run, place: Reservation, watch: CallWatch) {
    const { clock, traces } = this.#options;
    const { namespace, name, id, trigger, body } = call;
    const facts = {
      ...{ id, namespace, agent: name, revision: target.revision ?? "", trigger: trigger.type },
      ...{ identity, timeoutMs: watch.leftMs, now: clock.now() },
    };
    return callWorker({
      ...{ endpoint: place.endpoint, signal: watch.controller.signal, clock },
      headers: toWorkerHeaders(call.headers, facts, traces),
      ...(body !== undefined && { body }),
    });
  }

  async #follow({ response, place }: Tried, run: Run, watch: CallWatch): Promise<CallEnd> {
    const { events } = run;
    const error = await new Promise<Error | null | undefined>((resolve) => {
      finished(response, { writable: false }, (failure) => resolve(failure));
    });
    place.release();
    const { id } = run.call;
    if (!error && response.complete) {
      this.own.answer(id, response.statusCode ?? 0);
      return "complete";
    }
    const cause = causeOf(run.call, watch);
    if (cause === undefined) {
      await events.tellEnd("Failed", "WorkerGone", "The worker broke off its answer");
    } else {
      await events.tellEnd(...endings[cause]);
    }
    this.own.end(id);
    return cause ?? "broken";
  }

  async #tellFailure({ events, call }: Run, watch: CallWatch, refusal: CallRefusal): Promise<void> {
    const cause = causeOf(call, watch);
    if (cause !== undefined) await events.tellEnd(...endings[cause]);
    else await events.tellEnd("Failed", refusal.reason, refusal.message);
  }
}

/** Why a call was ended from here; a caller may also have ended the answer itself, since it did not want more. */
function causeOf({ signal }: Call, { cause }: CallWatch): EndCause | undefined {
  return cause ?? (signal.aborted ? "cancelled" : undefined);
}

interface NoRevision {
  readonly kind: "no-revision";
}

interface KnownCall {
  readonly call: Call;
  readonly target: CallTarget;
  readonly identity: CallIdentity;
  /** What was held for it is given back */
  readonly release: () => void;
}

interface Run extends KnownCall {
  readonly events: CallEvents;
  readonly place: Reservation;
}

interface Tried {
  readonly kind: "answered";
  readonly response: IncomingMessage;
  readonly place: Reservation;
}

/** The deadline of a call, and that its caller is still there. */
class CallWatch {
  readonly controller = new AbortController();
  readonly #clock: Clock;
  readonly #endsAtNs: bigint;
  readonly #timer: TimerHandle;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.end("cancelled");
  #cause: EndCause | undefined;

  constructor({ call, target }: Run, clock: Clock) {
    this.#clock = clock;
    this.#signal = call.signal;
    this.#endsAtNs = clock.monotonicNs() + BigInt(Math.ceil(target.timeoutMs)) * 1_000_000n;
    this.#timer = clock.setTimeout(() => this.end("timeout"), target.timeoutMs);
    if (call.signal.aborted) this.end("cancelled");
    else call.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Why the call was ended from here; undefined while it was not */
  get cause(): EndCause | undefined {
    return this.#cause;
  }

  /** Whole `ms` until the deadline */
  get leftMs(): number {
    return Math.max(1, Number((this.#endsAtNs - this.#clock.monotonicNs()) / 1_000_000n));
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  /** Ends the call, whatever it is at; the first cause stays. */
  end(cause: EndCause): void {
    this.#cause ??= cause;
    this.controller.abort(new Error(cause));
  }
}

function agentKey({ namespace, name }: Pick<Call, "namespace" | "name">): string {
  return `TaskAgent/${namespace}/${name}`;
}

function absent({ name }: Call): CallRefusal {
  const message = `taskagents.clrk.apoxy.dev ${JSON.stringify(name)} not found`;
  return { kind: "refused", status: 404, reason: "NotFound", message };
}

function invalid({ name }: Call, detail: string): CallRefusal {
  const message = `Cannot call TaskAgent "${name}": its spec is not valid: ${detail}`;
  return { kind: "refused", status: 422, reason: "Invalid", message };
}

function unidentified({ name }: Call, detail: string): CallRefusal {
  const message = `Cannot call TaskAgent "${name}": its identity.extractors do not tell on whose behalf: ${detail}`;
  return { kind: "refused", status: 400, reason: "IdentityUnknown", message };
}

function repeated(id: string): CallRefusal {
  const message = `Cannot begin invocation ${id}: there is one of that id; leave the header out, or make a new id`;
  return { kind: "refused", status: 409, reason: alreadyExists, message };
}

function refusalOf(
  kind: Exclude<PickOutcome["kind"], "reserved"> | "no-revision",
  { name }: Call,
  { maxConcurrent, perWorker, revision = "" }: CallTarget,
): CallRefusal {
  const cannot = `Cannot call TaskAgent "${name}"`;
  switch (kind) {
    case "no-revision":
      return {
        ...{ kind: "refused", status: 503, reason: "NoReadyRevision" },
        message: `${cannot}: no worker can run a revision of it yet; see its condition RevisionReady`,
      };
    case "no-worker":
      return {
        ...{ kind: "refused", status: 503, reason: "NoReadyWorker" },
        message: `${cannot}: no worker that answers can run "${revision}"; see its status`,
      };
    case "full":
      return {
        ...{ kind: "refused", status: 503, reason: "NoReadyWorker" },
        message: `${cannot}: every worker has the ${perWorker} executions that it takes; try again, or enlarge the WorkerPool`,
      };
    case "at-capacity":
      return {
        ...{ kind: "refused", status: 429, reason: "TooManyRequests" },
        message: `${cannot}: it has the ${maxConcurrent} executions of maxConcurrent; try again when one has ended`,
      };
  }
}

function unreachable({ name }: Call): CallRefusal {
  const message = `Cannot call TaskAgent "${name}": its worker could not be reached, or broke off before it answered`;
  return { kind: "refused", status: 502, reason: "WorkerUnreachable", message };
}

function bodyRefused({ code, reason, message }: StatusError): CallRefusal {
  return { kind: "refused", status: code, reason, message };
}

function refusedByWorkers({ name }: Call, reason: string): CallRefusal {
  const message = `Cannot call TaskAgent "${name}": its workers do not take the call: ${reason}`;
  return { kind: "refused", status: 503, reason: "NoReadyWorker", message };
}

function timedOut({ call, target }: Run): CallRefusal {
  const message = `TaskAgent "${call.name}" has not answered within its timeout of ${target.timeoutMs} ms`;
  return { kind: "refused", status: 504, reason: "Timeout", message };
}
