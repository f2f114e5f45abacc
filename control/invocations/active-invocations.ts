/**
 * Invocations that have not ended: how many each agent has, and which. They are those of the store, so that a restart
 * changes nothing; until the store has taken what was logged before, the number is not known.
 */
import { monotonicMs, sleep } from "../../gateway/clock.ts";
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import type { EventLog, LogEnds, LogPosition } from "./event-log.ts";
import { summarise } from "./invocation-state.ts";
import type { InvocationState, InvocationSummary } from "./invocation-state.ts";
import type { ActiveState, InvocationStore } from "./invocation-store.ts";

/** An invocation that has not ended. */
export type OpenInvocation = Pick<InvocationState, "id"> &
  Pick<
    InvocationSummary,
    "agent" | "phase" | "trigger" | "createdMs" | "dispatchedMs" | "timeoutMs"
  >;

/** The same, with all that is to be known to end it in the place of whoever ran it. */
export type OpenRun = OpenInvocation &
  Pick<InvocationSummary, "phaseMs" | "audiences" | "root" | "gatewayProcess"> &
  Pick<ActiveState, "changedMs">;

/** Whose invocations are meant; also one that is no object. */
export interface NamedAgent {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What it is made of; it closes none of it. */
export interface ActiveInvocationsOptions {
  readonly log: Pick<EventLog, "ends">;
  readonly store: InvocationStore;
  readonly clock: Clock;
}

/** Changes are gathered for so long, in `ms`: a batch of events has many. */
const gatherMs = 50;

/** Whether the store is up to date is looked at so often, in `ms`, and for so long. */
const lookMs = 50;
const patienceMs = 10_000;

/** Open invocations that `find()` gives at once. */
export const mostOpenInvocations = 1_000;

/** Works until `close()`. */
export class ActiveInvocations {
  readonly #options: ActiveInvocationsOptions;
  readonly #closing = new AbortController();
  readonly #followers = new Set<(agent?: NamedAgent) => void>();
  readonly #unsubscribe: () => void;
  #told = new Map<string, NamedAgent & { readonly count: number }>();
  #timer: TimerHandle | undefined;
  #isCurrent = false;

  constructor(options: ActiveInvocationsOptions) {
    this.#options = options;
    this.#unsubscribe = options.store.subscribe(() => this.#gather());
    void this.#catchUp();
  }

  /** Invocations of the agent that have not ended; undefined until all is known that was logged before the begin. */
  count(agent: NamedAgent): number | undefined {
    return this.#isCurrent ? this.#options.store.countActive(agent) : undefined;
  }

  /**
   * Those of agents of a kind, by agent, at most `mostOpenInvocations`: the first ones, or those after the last of the
   * page before. Undefined where the store does not come up to date.
   */
  async find(kind: string, last?: OpenInvocation): Promise<readonly OpenRun[] | undefined> {
    if (!(await this.#isUpToDate())) return undefined;
    const after = last && { ...last.agent, id: last.id };
    const page = this.#options.store.active(kind, { after, limit: mostOpenInvocations });
    return page.map(({ state, changedMs }) => ({ id: state.id, changedMs, ...summarise(state) }));
  }

  /** Whether an agent of a kind has any, as far as the store is. */
  has(kind: string): boolean {
    return this.#options.store.active(kind, { after: undefined, limit: 1 }).length > 0;
  }

  /** Calls back when the number of an agent has changed; without an agent when all may have. Gives what ends it. */
  subscribe(onChange: (agent?: NamedAgent) => void): () => void {
    this.#followers.add(onChange);
    return () => this.#followers.delete(onChange);
  }

  /** Ends it; safe to call again. */
  close(): void {
    this.#closing.abort();
    this.#unsubscribe();
    this.#options.clock.clearTimeout(this.#timer);
    this.#followers.clear();
  }

  async #catchUp(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      if (await this.#isUpToDate()) break;
    }
    if (this.#closing.signal.aborted) return;
    this.#told = this.#countAll();
    this.#isCurrent = true;
    for (const follower of [...this.#followers]) follower();
  }

  /** Whether the store has all that was logged until this call. */
  async #isUpToDate(): Promise<boolean> {
    const { log, store, clock } = this.#options;
    const { signal } = this.#closing;
    const untilMs = monotonicMs(clock) + patienceMs;
    let ends: LogEnds | undefined;
    while (!signal.aborted) {
      // A log that cannot be asked may answer the next time.
      ends ??= await log.ends().catch(() => undefined);
      if (ends !== undefined && !signal.aborted && isTaken(store.position, ends)) return true;
      if (monotonicMs(clock) >= untilMs) return false;
      await sleep(clock, lookMs, signal);
    }
    return false;
  }

  #gather(): void {
    if (!this.#isCurrent || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, gatherMs);
    this.#timer.unref();
  }

  #tell(): void {
    const before = this.#told;
    this.#told = this.#countAll();
    for (const key of new Set([...before.keys(), ...this.#told.keys()])) {
      const agent = this.#told.get(key) ?? before.get(key);
      if (agent === undefined || before.get(key)?.count === this.#told.get(key)?.count) continue;
      const { kind, namespace, name } = agent;
      for (const follower of [...this.#followers]) follower({ kind, namespace, name });
    }
  }

  #countAll() {
    const counts = this.#options.store.activeCounts();
    return new Map(counts.map((one) => [`${one.kind}/${one.namespace}/${one.name}`, one]));
  }
}

function isTaken(position: LogPosition | undefined, ends: LogEnds): boolean {
  if (ends.latest < ends.earliest) return true;
  return position?.epoch === ends.epoch && position.sequence >= ends.latest;
}
