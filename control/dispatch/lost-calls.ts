/**
 * Ends calls that nobody else will: of a process that was killed, and of workers that answered and told no end. Invariant:
 * a call is ended only when no worker says that it may run it, or when the timeout that it was dispatched with is long
 * over; what was told as its end before stays.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { monotonicMs } from "../../gateway/clock.ts";
import type { TimerHandle } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import { mostOpenInvocations } from "../invocations/active-invocations.ts";
import type { OpenInvocation } from "../invocations/active-invocations.ts";
import { deadAfterMs } from "../reconcilers/worker-directory.ts";
import { CallEvents } from "./call-events.ts";
import { findTarget } from "./call-target.ts";
import type { Dispatcher, DispatcherOptions } from "./dispatcher.ts";
import { catchUpMs } from "./schedule-plan.ts";

/** Whoever keeps them. */
export interface OpenCalls {
  /**
   * Calls of TaskAgents that have not ended, as of all that was logged until now: `mostOpenInvocations`, or the last of
   * them; the next ones after the last of the page before. Undefined while they are not known.
   */
  find(last?: OpenInvocation): Promise<readonly OpenInvocation[] | undefined>;
  /** Calls back when there may be others. Returns an unsubscribe function. */
  subscribe(onChange: () => void): () => void;
}

/** What it works with. */
export interface LostCallsOptions extends Omit<DispatcherOptions, "random"> {
  readonly calls: OpenCalls;
  readonly dispatcher: Pick<Dispatcher, "own" | "leastInFlightOf">;
}

/** Changes are gathered for so long, in `ms`. */
const gatherMs = 250;

/** What waits for workers is looked at so often, in `ms`. */
const waitMs = 1_000;

/** A look at very many calls takes its time: so many times longer than it took the next one comes at the soonest. */
const restFactor = 4;

/** A worker has so long to tell the end of what it answered, in `ms`. */
const tellMs = deadAfterMs;

/** A call of before timeouts were told may take this long in `ms`, or as long as its agent says now. */
const untoldTimeoutMs = 24 * 60 * 60_000;

type Verdict = "wait" | Parameters<CallEvents["tellEnd"]>;

/** Works from the begin until `close()`. */
export class LostCalls {
  readonly #options: LostCallsOptions;
  readonly #unsubscribe: () => void;
  #timer: TimerHandle | undefined;
  #running: Promise<void> | undefined;
  #sweeping: Promise<boolean> = Promise.resolve(false);
  #isClosed = false;
  #isDirty = false;
  #restMs = 0;
  #ended = 0;

  constructor(options: LostCallsOptions) {
    this.#options = options;
    this.#unsubscribe = options.calls.subscribe(() => this.#arm(gatherMs));
    this.#arm(0);
  }

  /** Calls that were ended here, since the process began */
  get ended(): number {
    return this.#ended;
  }

  /** Ends after what is looked at now; safe to call again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unsubscribe();
    this.#options.clock.clearTimeout(this.#timer);
    await this.#running;
  }

  /** One look at all calls, a page at a time, after the one that runs; true when something waits. The timer makes them by itself. */
  sweep(): Promise<boolean> {
    const done = this.#sweeping.then(() => this.#sweep());
    this.#sweeping = done.catch(() => false);
    return done;
  }

  async #sweep(): Promise<boolean> {
    const { calls, dispatcher, clock } = this.#options;
    const beganMs = monotonicMs(clock);
    const answered = new Set<string>();
    let isWaiting = false;
    let last: OpenInvocation | undefined;
    do {
      const page = await calls.find(last);
      if (page === undefined) return true;
      for (const { id } of page) {
        if (dispatcher.own.find(id)?.kind === "answered") answered.add(id);
      }
      isWaiting = (await this.#endLost(page)) || isWaiting;
      if (this.#isClosed) return false;
      last = page.length < mostOpenInvocations ? undefined : page.at(-1);
      // A store that answers at once would keep the process from all else.
      if (last !== undefined) await nextTurn();
    } while (last !== undefined);
    dispatcher.own.prune((id) => answered.has(id), beganMs);
    return isWaiting;
  }

  /** Ends those that are lost; true when something waits. */
  async #endLost(page: readonly OpenInvocation[]): Promise<boolean> {
    const { dispatcher } = this.#options;
    let isWaiting = false;
    const agents = new Map<string, AgentFacts>();
    const factsOf = ({ agent: { namespace, name } }: OpenInvocation) => {
      const known = agents.get(`${namespace}/${name}`) ?? this.#look({ namespace, name });
      agents.set(`${namespace}/${name}`, known);
      return known;
    };
    for (const call of page) {
      if (this.#isClosed) return false;
      const own = dispatcher.own.find(call.id);
      // It is told by whoever runs it, and the store hears of it next.
      if (own?.kind === "running" || own?.kind === "ended") continue;
      const verdict = this.#judge(call, factsOf(call));
      if (verdict === "wait") {
        isWaiting = true;
        continue;
      }
      const { id, agent, trigger } = call;
      // First: what cannot be logged now is looked at again when this is forgotten.
      dispatcher.own.end(id);
      this.#ended++;
      // On whose behalf it is was told with its first event.
      const subject = { id, agent, trigger, audiences: [] };
      await new CallEvents(this.#options, subject).tellEnd(...verdict);
    }
    return isWaiting;
  }

  #arm(delayMs: number): void {
    this.#isDirty = true;
    if (this.#isClosed || this.#timer !== undefined || this.#running !== undefined) return;
    this.#timer = this.#options.clock.setTimeout(
      () => {
        this.#timer = undefined;
        this.#isDirty = false;
        this.#running = this.#run();
      },
      Math.max(delayMs, this.#restMs),
    );
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const beganMs = monotonicMs(clock);
    let isWaiting = true;
    try {
      isWaiting = await this.sweep();
    } catch (error) {
      this.#options.logger.warn("Cannot look for lost calls", { error: describeError(error) });
    }
    this.#restMs = restFactor * (monotonicMs(clock) - beganMs);
    this.#running = undefined;
    if (this.#isDirty) this.#arm(gatherMs);
    else if (isWaiting) this.#arm(waitMs);
  }

  #judge(call: OpenInvocation, agent: AgentFacts): Verdict {
    const { clock, dispatcher } = this.#options;
    const { id, phase, trigger, createdMs, dispatchedMs, timeoutMs } = call;
    if (phase === "Pending") {
      // A schedule that was interrupted begins the same call again.
      const isAgain = trigger.type === "Cron" && clock.now() - createdMs < catchUpMs + waitMs;
      return isAgain ? "wait" : notDispatched;
    }
    const mayTakeMs = timeoutMs ?? Math.max(agent.timeoutMs, untoldTimeoutMs);
    // Workers end what is over its time; the clock may have been set back meanwhile.
    const isOverdue =
      Math.abs(clock.now() - (dispatchedMs ?? createdMs)) > mayTakeMs + 2 * deadAfterMs;
    if (agent.mayRunOthers && !isOverdue) return "wait";
    const own = dispatcher.own.find(id);
    if (own?.kind !== "answered") {
      return isOverdue || isOf(agent, call) ? stopped : "wait";
    }
    if (monotonicMs(clock) - own.atMs < tellMs) return "wait";
    const { status } = own;
    const said = `Its worker told no end; its answer was whole, with status ${status}`;
    return status < 400 ? ["Succeeded", "Answered", said] : ["Failed", "Answered", said];
  }

  /** What workers said before this process began says nothing of now. */
  #look(place: { readonly namespace: string; readonly name: string }): AgentFacts {
    const { directory, dispatcher } = this.#options;
    const workers = directory
      .revisionsOfAgent({ kind: "TaskAgent", ...place })
      .flatMap(({ key }) => directory.liveWorkers(key));
    const active = workers.reduce((sum, { activeExecutions }) => sum + activeExecutions, 0);
    const target = findTarget(this.#options, place);
    return {
      ...(target.kind === "found" && { uid: target.uid }),
      isThere: target.kind !== "absent",
      timeoutMs: target.kind === "found" ? target.timeoutMs : 0,
      mayRunOthers:
        workers.some(({ isHeardHere }) => !isHeardHere) ||
        active > dispatcher.leastInFlightOf(place.namespace, place.name),
    };
  }
}

/** What its workers and its spec say of an agent now. */
interface AgentFacts {
  /** Undefined where its spec cannot be read */
  readonly uid?: string;
  readonly isThere: boolean;
  readonly timeoutMs: number;
  /** Whether a worker may run more of its calls than this process had given out when it said how many */
  readonly mayRunOthers: boolean;
}

/** Whether it is the agent that was called: workers of one that is deleted are heard no more, and may run it still. */
function isOf({ isThere, uid }: AgentFacts, { agent }: OpenInvocation): boolean {
  return isThere && (uid === undefined || agent.uid === "" || agent.uid === uid);
}

const notDispatched: Verdict = [
  "Rejected",
  "ControlStopped",
  "The control process ended before it was given to a worker",
];

const stopped: Verdict = [
  "Failed",
  "ControlStopped",
  "The control process ended before it was over, and no worker says that it runs it",
];
