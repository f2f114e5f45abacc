/**
 * The `status` of an AgentSandboxRevision, of what its workers write into it: how many of them can run it, whether it is
 * what its agent runs, and away with workers that were not heard any more.
 */
import type { Condition } from "../../crds/conditions.ts";
import { createCondition, replaceConditions } from "../../crds/conditions.ts";
import { monotonicMs } from "../../gateway/clock.ts";
import { wholeSeconds } from "../apiserver/apply/system-fields.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import { isRecord } from "../apiserver/kube-object.ts";
import { keyOf } from "../apiserver/object-writer.ts";
import type { StoreTransaction } from "../apiserver/object-store.ts";
import { changeStatusIn, conditionsIn, statusIn } from "../objects/status-change.ts";
import type { ReconcilerParts } from "./reconciler-parts.ts";
import { controlFieldOwner, resourceOf } from "./reconciler-parts.ts";
import { controllerOf } from "./revision-plan.ts";
import { goneAfterMs } from "./worker-directory.ts";

const owned: ReadonlySet<string> = new Set(["Ready", "Active"]);

/** Reconciles revisions. */
export class RevisionReconciler {
  readonly #parts: ReconcilerParts;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** Writes the status; gives the time in `ms` after which it has to be looked at again, if there is one. */
  async reconcile(place: { readonly namespace: string; readonly name: string }) {
    const { store, writer, resources, directory, clock } = this.#parts;
    const resource = resourceOf(resources, "AgentSandboxRevision");
    const key = `${place.namespace}/${place.name}`;
    const now = wholeSeconds(new Date(clock.now()));
    let isThere = false;
    await store.write((transaction) => {
      const revision = transaction.find(keyOf(resource, place));
      if (revision === undefined || revision.metadata.deletionTimestamp !== undefined) return;
      isThere = true;
      const isActive = this.#isActive(transaction, revision);
      changeStatusIn(transaction, writer, {
        ...{ resource, ...place, manager: controlFieldOwner },
        status: (current) => this.#status(current, { key, isActive, now }),
      });
    });
    return isThere ? directory.nextExpiryMs(key) : undefined;
  }

  #status(
    revision: KubeObject,
    {
      key,
      isActive,
      now,
    }: { readonly key: string; readonly isActive: boolean; readonly now: string },
  ): object {
    const { directory, clock } = this.#parts;
    const before = statusIn(revision);
    const ready = directory.liveWorkers(key).filter(({ imagePulled }) => imagePulled).length;
    const nowMs = monotonicMs(clock);
    const gone = new Set(
      [...directory.allWorkers(key)]
        .filter(({ heardMs }) => nowMs - heardMs >= goneAfterMs)
        .map(({ podName }) => podName),
    );
    const { workers } = before;
    const left = Array.isArray(workers)
      ? workers.filter((one) => !isRecord(one) || !gone.has(String(one["podName"])))
      : undefined;
    const observedGeneration = revision.metadata.generation ?? 1;
    const conditions = conditionsOf({ ready, isActive }, { observedGeneration, now });
    return {
      ...before,
      conditions: replaceConditions(conditionsIn(before), conditions, owned),
      readyWorkers: ready,
      ...(left !== undefined && { workers: left }),
    };
  }

  /** Whether the agent runs it, or will as soon as a worker can. */
  #isActive(transaction: StoreTransaction, { metadata }: KubeObject): boolean {
    const owner = controllerOf({ apiVersion: "", kind: "", metadata });
    if (owner === undefined) return false;
    const resource = this.#parts.resources.find(({ kind }) => kind === owner.kind);
    if (resource === undefined) return false;
    const { namespace = "", name } = metadata;
    const agent = transaction.find(keyOf(resource, { namespace, name: owner.name }));
    if (agent === undefined) return false;
    const { latestCreatedRevisionName, latestReadyRevisionName } = statusIn(agent);
    return name === latestCreatedRevisionName || name === latestReadyRevisionName;
  }
}

function conditionsOf(
  { ready, isActive }: { readonly ready: number; readonly isActive: boolean },
  facts: { readonly observedGeneration: number; readonly now: string },
): readonly Condition[] {
  return [
    createCondition({
      type: "Ready",
      reason: ready > 0 ? "WorkersReady" : "NoWorkersReady",
      message: ready > 0 ? "Workers can run it" : "No worker that answers can run it",
      ...facts,
    }),
    createCondition({
      type: "Active",
      reason: isActive ? "Current" : "Superseded",
      message: isActive ? "It is what its agent runs" : "A newer revision has taken its place",
      ...facts,
    }),
  ];
}
