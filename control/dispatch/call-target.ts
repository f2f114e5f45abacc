/** What a call of a TaskAgent needs to know of it: the revision to run, for how long, how many at once. */
import type { AgentIdentity } from "../../crds/agent-identity.ts";
import { parseDuration } from "../../crds/duration.ts";
import { taskAgentKind } from "../../crds/task-agent.ts";
import { workerPoolKind } from "../../crds/worker-pool.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import type { ObjectStore } from "../apiserver/object-store.ts";
import { keyOf } from "../apiserver/object-writer.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import { statusIn } from "../objects/status-change.ts";
import { defaultExecutionsPerWorker } from "../reconcilers/pool-reconciler.ts";
import { resourceOf } from "../reconcilers/reconciler-parts.ts";

/** An agent that can be called. */
export interface CallTarget {
  readonly kind: "found";
  readonly uid: string;
  /** Name of its newest revision that a worker can run; absent: there is none yet */
  readonly revision?: string;
  readonly timeoutMs: number;
  /** 0 for any number */
  readonly maxConcurrent: number;
  readonly perWorker: number;
  /** What a call must say of whom it is for; absent: nothing */
  readonly identity?: AgentIdentity;
  /** `namespace/name` of the EgressGateways through which it gets out */
  readonly gateways: readonly string[];
  /** Whether its answer is passed on while it is written */
  readonly isStreaming: boolean;
}

/** Reads an agent as it is stored now; `absent` where there is none, or where it is being deleted. */
export function findTarget(
  parts: { readonly store: ObjectStore; readonly resources: readonly ServedResource[] },
  place: { readonly namespace: string; readonly name: string },
):
  | CallTarget
  | { readonly kind: "absent" }
  | { readonly kind: "invalid"; readonly message: string } {
  const agent = find(parts, "TaskAgent", place);
  if (agent === undefined || agent.metadata.deletionTimestamp !== undefined)
    return { kind: "absent" };
  const parsed = taskAgentKind.parse(agent);
  if (parsed.kind === "invalid") {
    return { kind: "invalid", message: parsed.problems[0]?.message ?? "its spec cannot be read" };
  }
  const { timeout, maxConcurrent = 0, workerPoolRef, identity, streaming } = parsed.object.spec;
  const { egressRefs } = parsed.object.spec;
  const { latestReadyRevisionName: revision } = statusIn(agent);
  return {
    kind: "found",
    uid: agent.metadata.uid ?? "",
    timeoutMs: parseDuration(timeout),
    maxConcurrent,
    perWorker: perWorkerOf(find(parts, "WorkerPool", { ...place, name: workerPoolRef })),
    gateways: egressRefs.map(({ gatewayRef }) => `${place.namespace}/${gatewayRef}`),
    isStreaming: streaming?.enabled === true,
    ...(identity !== undefined && { identity }),
    ...(typeof revision === "string" && { revision }),
  };
}

function find(
  { store, resources }: Parameters<typeof findTarget>[0],
  kind: string,
  place: { readonly namespace: string; readonly name: string },
): KubeObject | undefined {
  const state = store.reader.find(keyOf(resourceOf(resources, kind), place));
  return state === undefined ? undefined : JSON.parse(state.text);
}

function perWorkerOf(pool: KubeObject | undefined): number {
  const parsed = pool === undefined ? undefined : workerPoolKind.parse(pool);
  const own = parsed?.kind === "valid" ? parsed.object.spec.maxExecutionsPerWorker : undefined;
  // 0 says, as elsewhere, that nothing is said.
  return own === undefined || own === 0 ? defaultExecutionsPerWorker : own;
}
