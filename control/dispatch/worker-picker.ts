/**
 * Which worker gets a call. What this process has given out is counted here, at once, because what workers say of
 * themselves comes late: so a burst neither exceeds `maxConcurrent` nor meets on one worker.
 */
import { monotonicMs, systemClock } from "../../gateway/clock.ts";
import type { Clock } from "../../gateway/clock.ts";
import type { KnownWorker, WorkerDirectory } from "../reconcilers/worker-directory.ts";
import { deadAfterMs } from "../reconcilers/worker-directory.ts";
import { LeastCount } from "./least-count.ts";

/** A call that wants a worker. */
export interface PickRequest {
  /** `Kind/namespace/name` of the agent */
  readonly agent: string;
  /** `namespace/name` of the revision */
  readonly revision: string;
  /** Most calls of the agent at the same time; 0 for any number */
  readonly maxConcurrent: number;
  /** Most calls of all agents at the same time on one worker */
  readonly perWorker: number;
  /** Workers that have refused it */
  readonly avoid: ReadonlySet<string>;
}

/** A place on a worker, until it is released. */
export interface Reservation {
  readonly kind: "reserved";
  readonly podName: string;
  /** `host:port` */
  readonly endpoint: string;
  /** Gives the place back; safe to call again */
  release(): void;
}

/** A place, or why there is none. */
export type PickOutcome =
  | Reservation
  /** The agent has as many calls as it may */
  | { readonly kind: "at-capacity" }
  /** No worker that lives has the revision and takes calls */
  | { readonly kind: "no-worker" }
  /** All of them have as many calls as they take */
  | { readonly kind: "full" };

/** What a worker said last, and how many of our own calls it may have meant. */
interface Report {
  readonly heardMs: number;
  /** Executions that are none of ours */
  readonly foreign: number;
  /** Most of our own since this report, and between the two before it */
  peak: number;
  readonly earlierPeak: number;
}

/** Revisions of which reports are remembered; those that were asked for longest ago are forgotten. */
const mostReports = 4_096;

/** What a worker that lives said last was true within this time in `ms`, which its way to us is a part of. */
const saidWithinMs = deadAfterMs + 5_000;

/** Agents whose calls of before are remembered, before those without any are forgotten. */
const mostFormer = 4_096;

/** Picks workers for one process. */
export class WorkerPicker {
  readonly #directory: WorkerDirectory;
  readonly #random: () => number;
  readonly #clock: Clock;
  /** Calls in flight by agent, and by worker of a pool */
  readonly #agents = new Map<string, number>();
  readonly #workers = new Map<string, number>();
  /** Calls that were in flight before, by agent */
  readonly #former = new Map<string, LeastCount>();
  /** By revision and worker */
  readonly #calls = new Map<string, number>();
  readonly #reports = new Map<string, Report>();

  /** `random` gives numbers from 0 to below 1. */
  constructor(
    directory: WorkerDirectory,
    random: () => number = Math.random,
    clock: Clock = systemClock,
  ) {
    this.#directory = directory;
    this.#random = random;
    this.#clock = clock;
  }

  /** Calls that are in flight */
  get inFlight(): number {
    return [...this.#agents.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Calls of one agent that are in flight. */
  inFlightOf(agent: string): number {
    return this.#agents.get(agent) ?? 0;
  }

  /** The least that these were when any worker that lives may have written its last report. */
  leastInFlightOf(agent: string): number {
    const nowMs = monotonicMs(this.#clock);
    return this.#former.get(agent)?.least(this.inFlightOf(agent), nowMs) ?? this.inFlightOf(agent);
  }

  /** Takes a place on one of the least loaded workers, one with a warm sandbox first. */
  reserve(request: PickRequest): PickOutcome {
    const { revision, agent, maxConcurrent, perWorker, avoid } = request;
    const pool = this.#directory.poolOf(revision) ?? "";
    const live = this.#directory.liveWorkers(revision).filter(({ imagePulled }) => imagePulled);
    const seen = live.map((worker) => this.#look(worker, { revision, pool }));
    const foreign = seen.reduce((sum, one) => sum + one.foreign, 0);
    if (maxConcurrent > 0 && this.inFlightOf(agent) + foreign >= maxConcurrent) {
      return { kind: "at-capacity" };
    }
    const usable = seen.filter(({ worker }) => !avoid.has(worker.podName));
    const able = usable.filter(({ worker }) => worker.endpoint !== undefined);
    if (able.length === 0) return { kind: "no-worker" };
    const free = able.filter(({ load }) => load < perWorker);
    const chosen = this.#choose(free);
    if (chosen === undefined) return { kind: "full" };
    return this.#take(chosen, { agent, revision, pool });
  }

  #look(worker: KnownWorker, place: { readonly revision: string; readonly pool: string }): Seen {
    const key = `${place.revision}/${worker.podName}`;
    const own = this.#calls.get(key) ?? 0;
    const { foreign } = this.#report(key, worker, own);
    const load = (this.#workers.get(`${place.pool}/${worker.podName}`) ?? 0) + foreign;
    return { worker, foreign, load, isWarm: worker.warmCount > own };
  }

  /** A report may have been written before our last calls began, or before others ended: the most that ran then is ours. */
  #report(key: string, worker: KnownWorker, own: number): Report {
    const known = this.#reports.get(key);
    if (known !== undefined && known.heardMs === worker.heardMs) return known;
    const peak = known?.peak ?? own;
    const ours = Math.max(peak, known?.earlierPeak ?? 0, own);
    const foreign = Math.max(0, worker.activeExecutions - ours);
    const report = { heardMs: worker.heardMs, foreign, peak: own, earlierPeak: peak };
    this.#reports.delete(key);
    this.#reports.set(key, report);
    if (this.#reports.size > mostReports) {
      const [oldest] = this.#reports.keys();
      if (oldest !== undefined) this.#reports.delete(oldest);
    }
    return report;
  }

  #choose(free: readonly Seen[]): Seen | undefined {
    const warm = free.filter(({ isWarm }) => isWarm);
    const candidates = warm.length > 0 ? warm : free;
    const least = Math.min(...candidates.map(({ load }) => load));
    const equal = candidates.filter(({ load }) => load === least);
    return equal[Math.floor(this.#random() * equal.length)];
  }

  #take({ worker }: Seen, place: Place): Reservation {
    const { podName, endpoint = "" } = worker;
    const { agent, revision, pool } = place;
    const counted = [
      [this.#agents, agent],
      [this.#workers, `${pool}/${podName}`],
      [this.#calls, `${revision}/${podName}`],
    ] as const;
    this.#note(agent);
    for (const [counts, key] of counted) counts.set(key, (counts.get(key) ?? 0) + 1);
    const key = `${revision}/${podName}`;
    const report = this.#reports.get(key);
    if (report !== undefined) report.peak = Math.max(report.peak, this.#calls.get(key) ?? 0);
    let isHeld = true;
    return {
      kind: "reserved",
      podName,
      endpoint,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#note(agent);
        for (const [counts, name] of counted) giveBack(counts, name);
      },
    };
  }

  /** The number is about to change. */
  #note(agent: string): void {
    const nowMs = monotonicMs(this.#clock);
    const former = this.#former.get(agent) ?? new LeastCount(saidWithinMs);
    this.#former.set(agent, former);
    former.note(this.inFlightOf(agent), nowMs);
    if (this.#former.size <= mostFormer) return;
    for (const [name, one] of this.#former) if (one.isEmpty(nowMs)) this.#former.delete(name);
  }
}

interface Seen {
  readonly worker: KnownWorker;
  readonly foreign: number;
  readonly load: number;
  /** It has a warm sandbox that none of our calls has taken */
  readonly isWarm: boolean;
}

interface Place {
  readonly agent: string;
  readonly revision: string;
  readonly pool: string;
}

function giveBack(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 0) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}
