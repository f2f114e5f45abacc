/** The `status` of a WorkerPool, of what its workers say about all revisions that they run. */
import type { Condition } from "../../crds/conditions.ts";
import { createCondition, replaceConditions } from "../../crds/conditions.ts";
import { workerPoolKind } from "../../crds/worker-pool.ts";
import { wholeSeconds } from "../apiserver/apply/system-fields.ts";
import { keyOf } from "../apiserver/object-writer.ts";
import { changeStatusIn, conditionsIn, statusIn } from "../objects/status-change.ts";
import type { ActiveExecutions } from "./active-executions.ts";
import type { ReconcilerParts } from "./reconciler-parts.ts";
import { controlFieldOwner, resourceOf } from "./reconciler-parts.ts";

/** Executions that a worker takes at the same time where the pool does not say. */
export const defaultExecutionsPerWorker = 10;

const owned: ReadonlySet<string> = new Set(["Configured", "Available", "Healthy"]);

/** What it is made of. */
export interface PoolReconcilerOptions extends ReconcilerParts {
  /** Absent: what workers say counts */
  readonly executions?: ActiveExecutions;
}

/** Reconciles pools. */
export class PoolReconciler {
  readonly #parts: PoolReconcilerOptions;

  constructor(parts: PoolReconcilerOptions) {
    this.#parts = parts;
  }

  /** Writes the status. */
  async reconcile(place: { readonly namespace: string; readonly name: string }): Promise<void> {
    const { store, writer, resources, clock } = this.#parts;
    const resource = resourceOf(resources, "WorkerPool");
    const now = wholeSeconds(new Date(clock.now()));
    const load = this.#load(`${place.namespace}/${place.name}`);
    await store.write((transaction) => {
      const pool = transaction.find(keyOf(resource, place));
      if (pool === undefined || pool.metadata.deletionTimestamp !== undefined) return;
      const parsed = workerPoolKind.parse(pool);
      if (parsed.kind === "invalid") return;
      const { replicas, maxExecutionsPerWorker } = parsed.object.spec;
      const perWorker = maxExecutionsPerWorker ?? defaultExecutionsPerWorker;
      const maxExecutions = load.workers * perWorker;
      const observedGeneration = pool.metadata.generation ?? 1;
      const facts = { observedGeneration, now };
      changeStatusIn(transaction, writer, {
        ...{ resource, ...place, manager: controlFieldOwner },
        status: (current) => ({
          ...statusIn(current),
          conditions: replaceConditions(
            conditionsIn(statusIn(current)),
            conditionsOf({ ready: load.workers, wanted: replicas }, facts),
            owned,
          ),
          observedGeneration,
          readyReplicas: load.workers,
          activeExecutions: load.active,
          capacity: {
            maxExecutions,
            availableExecutions: Math.max(0, maxExecutions - load.active),
          },
        }),
      });
    });
  }

  #load(pool: string): { readonly workers: number; readonly active: number } {
    const { directory } = this.#parts;
    const names = new Set<string>();
    let active = 0;
    const revisions = directory.revisionsOf(pool);
    for (const [agent, ofAgent] of Map.groupBy(revisions, (one) => one.agent)) {
      const live = ofAgent.flatMap(({ key }) => directory.liveWorkers(key));
      for (const { podName } of live) names.add(podName);
      active +=
        this.#count(agent, pool) ?? live.reduce((sum, one) => sum + one.activeExecutions, 0);
    }
    return { workers: names.size, active };
  }

  /** Undefined where it is not known, or the agent has revisions in other pools too, of which it is not said where they run. */
  #count(agent: string, pool: string): number | undefined {
    const { executions, directory } = this.#parts;
    const [kind = "", namespace = "", name = ""] = agent.split("/");
    // What a DaemonAgent does is no call.
    if (kind !== "TaskAgent") return undefined;
    const isElsewhere = directory
      .revisionsOfAgent({ kind, namespace, name })
      .some((one) => one.pool !== pool);
    return isElsewhere ? undefined : executions?.count({ kind, namespace, name });
  }
}

function conditionsOf(
  { ready, wanted }: { readonly ready: number; readonly wanted: number },
  facts: { readonly observedGeneration: number; readonly now: string },
): readonly Condition[] {
  const isHealthy = ready >= wanted;
  return [
    createCondition({
      ...{ type: "Configured", reason: "SpecValid", message: "Valid", ...facts },
    }),
    createCondition({
      type: "Available",
      reason: ready > 0 ? "WorkersReady" : "NoWorkersReady",
      message: ready > 0 ? "Workers answer" : "No worker answers",
      ...facts,
    }),
    createCondition({
      type: "Healthy",
      reason: isHealthy ? "AtDesiredReplicas" : "BelowDesiredReplicas",
      message: `${ready} of ${wanted} workers answer`,
      ...facts,
    }),
  ];
}
