/**
 * What workers last said about each revision, in memory: fed by the store, asked by reconcilers and by the dispatcher.
 * Whether a worker lives is judged by when it was heard here, on the monotonic clock: no worker's clock matters.
 */
import { AGENT_LABELS } from "../../crds/agent-labels.ts";
import type { Clock } from "../../gateway/clock.ts";
import { monotonicMs } from "../../gateway/clock.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import { isRecord } from "../apiserver/kube-object.ts";
import { statusIn } from "../objects/status-change.ts";
import type { AgentName } from "./active-executions.ts";

/** A worker that was not heard for this long in `ms` is dead: nothing is sent to it, and it counts for nothing. */
export const deadAfterMs = 15_000;

/** A worker that was not heard for this long in `ms` is taken out of the status of the revision. */
export const goneAfterMs = 30_000;

/** Whatever a status says, its revision is looked at no sooner again. */
const soonestMs = 1_000;

/** One worker as it stands with one revision. */
export interface KnownWorker {
  readonly podName: string;
  /** `host:port` of its dispatch door; absent: it takes no calls */
  readonly endpoint?: string;
  readonly imagePulled: boolean;
  readonly warmCount: number;
  readonly activeExecutions: number;
  /** As the worker wrote it; only compared with what it wrote before */
  readonly lastHeartbeat: string;
  /** When it was last heard, monotonic `ms` of this process */
  readonly heardMs: number;
  /** Whether it spoke since this process began; what was stored before may be older than anything */
  readonly isHeardHere: boolean;
}

/** A worker as it wrote itself. */
export type ReportedWorker = Omit<KnownWorker, "heardMs" | "isHeardHere">;

/** A revision and what is known of its workers. */
export interface KnownRevision {
  /** `namespace/name` of the revision */
  readonly key: string;
  /** `namespace/name` of the WorkerPool, of which there may be none */
  readonly pool: string;
  /** `Kind/namespace/name` of the agent whose it is */
  readonly agent: string;
  readonly workers: ReadonlyMap<string, KnownWorker>;
}

const noWorkers: ReadonlyMap<string, KnownWorker> = new Map();

/** See the file; as large as the stored revisions. */
export class WorkerDirectory {
  readonly #clock: Clock;
  readonly #revisions = new Map<string, KnownRevision>();
  readonly #pools = new Map<string, Set<string>>();
  readonly #agents = new Map<string, Set<string>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Takes the state of a revision. Returns whether more is new than heartbeats of workers that live: then statuses may
   * have to change.
   */
  take(revision: KubeObject): boolean {
    const { namespace = "", name, labels = {} } = revision.metadata;
    const key = `${namespace}/${name}`;
    const pool = `${namespace}/${labels[AGENT_LABELS.workerPool] ?? ""}`;
    const agent = `${labels[AGENT_LABELS.agentKind] ?? ""}/${namespace}/${labels[AGENT_LABELS.agent] ?? ""}`;
    const before = this.#revisions.get(key);
    const nowMs = monotonicMs(this.#clock);
    const workers = new Map<string, KnownWorker>();
    let isNews = before === undefined;
    for (const worker of readWorkers(revision)) {
      const known = before?.workers.get(worker.podName);
      const isSame = known !== undefined && isSameReport(known, worker);
      const isHeard = !isSame || known.lastHeartbeat !== worker.lastHeartbeat;
      isNews ||= !isSame || (isHeard && nowMs - known.heardMs >= deadAfterMs);
      workers.set(worker.podName, {
        ...worker,
        heardMs: isHeard ? nowMs : known.heardMs,
        isHeardHere: (before !== undefined && isHeard) || known?.isHeardHere === true,
      });
    }
    isNews ||= workers.size !== before?.workers.size;
    this.#put({ key, pool, agent, workers }, before);
    return isNews;
  }

  /** Forgets a revision that is gone. */
  forget(key: string): void {
    const known = this.#revisions.get(key);
    if (known === undefined) return;
    this.#revisions.delete(key);
    this.#leave(known);
  }

  /** Workers of a revision that live, by name. */
  liveWorkers(key: string): readonly KnownWorker[] {
    const nowMs = monotonicMs(this.#clock);
    return [...this.allWorkers(key)].filter(({ heardMs }) => nowMs - heardMs < deadAfterMs);
  }

  /** Every worker of a revision, dead ones too. */
  allWorkers(key: string): Iterable<KnownWorker> {
    return (this.#revisions.get(key)?.workers ?? noWorkers).values();
  }

  /** Revisions that workers of a pool run; of the pool by `namespace/name`. */
  revisionsOf(pool: string): readonly KnownRevision[] {
    const keys = this.#pools.get(pool) ?? new Set<string>();
    return [...keys].flatMap((key) => this.#revisions.get(key) ?? []);
  }

  /** Revisions of an agent. */
  revisionsOfAgent({ kind, namespace, name }: AgentName): readonly KnownRevision[] {
    const keys = this.#agents.get(`${kind}/${namespace}/${name}`) ?? new Set<string>();
    return [...keys].flatMap((key) => this.#revisions.get(key) ?? []);
  }

  /** The pool of a revision, `namespace/name`; undefined for a revision that is not known. */
  poolOf(key: string): string | undefined {
    return this.#revisions.get(key)?.pool;
  }

  /** Time in `ms` until the first worker of a revision dies or is gone; undefined when none is left that could. */
  nextExpiryMs(key: string): number | undefined {
    const nowMs = monotonicMs(this.#clock);
    const waits = [...this.allWorkers(key)].map(({ heardMs }) => {
      const sinceMs = nowMs - heardMs;
      return (sinceMs < deadAfterMs ? deadAfterMs : goneAfterMs) - sinceMs;
    });
    return waits.length === 0 ? undefined : Math.max(soonestMs, Math.ceil(Math.min(...waits)));
  }

  #put(revision: KnownRevision, before: KnownRevision | undefined): void {
    this.#revisions.set(revision.key, revision);
    if (before?.pool === revision.pool && before.agent === revision.agent) return;
    if (before !== undefined) this.#leave(before);
    for (const [index, name] of this.#indexes(revision)) {
      const keys = index.get(name) ?? new Set();
      keys.add(revision.key);
      index.set(name, keys);
    }
  }

  #leave(revision: KnownRevision): void {
    for (const [index, name] of this.#indexes(revision)) {
      const keys = index.get(name);
      keys?.delete(revision.key);
      if (keys?.size === 0) index.delete(name);
    }
  }

  #indexes({ pool, agent }: KnownRevision) {
    return [
      [this.#pools, pool],
      [this.#agents, agent],
    ] as const;
  }
}

/** Reads `status.workers`, which the schema of the kind has let in. */
export function readWorkers(revision: KubeObject): readonly ReportedWorker[] {
  const { workers } = statusIn(revision);
  if (!Array.isArray(workers)) return [];
  return workers.filter(isRecord).map((worker) => ({
    podName: String(worker["podName"]),
    ...(typeof worker["endpoint"] === "string" && { endpoint: worker["endpoint"] }),
    imagePulled: worker["imagePulled"] === true,
    warmCount: Number(worker["warmCount"] ?? 0),
    activeExecutions: Number(worker["activeExecutions"] ?? 0),
    lastHeartbeat: String(worker["lastHeartbeat"] ?? ""),
  }));
}

function isSameReport(known: KnownWorker, worker: ReportedWorker): boolean {
  return (
    known.endpoint === worker.endpoint &&
    known.imagePulled === worker.imagePulled &&
    known.warmCount === worker.warmCount &&
    known.activeExecutions === worker.activeExecutions
  );
}
