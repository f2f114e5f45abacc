/** Which old revisions of an agent may go. A pure function. */
import { AGENT_LABELS } from "../../crds/agent-labels.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import { readWorkers } from "./worker-directory.ts";

/** Revisions that an agent keeps, the current ones included. */
export const historyLimit = 10;

/**
 * The revisions beyond the limit, oldest first; never one that is named in `kept`, or that a worker still says to run
 * executions of.
 */
export function collectableRevisions(
  revisions: readonly KubeObject[],
  kept: ReadonlySet<string>,
): readonly KubeObject[] {
  const excess = revisions.length - historyLimit;
  if (excess <= 0) return [];
  const unused = revisions.filter((one) => !kept.has(one.metadata.name) && !isExecuting(one));
  return unused.toSorted(byAge).slice(0, excess);
}

function isExecuting(revision: KubeObject): boolean {
  return readWorkers(revision).some(({ activeExecutions }) => activeExecutions > 0);
}

/** Times are whole seconds: within one the agent's generation decides. */
function byAge(a: KubeObject, b: KubeObject): number {
  const [left, right] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  if (left !== right) return left < right ? -1 : 1;
  return generationOf(a) - generationOf(b);
}

function generationOf({ metadata }: KubeObject): number {
  return Number(metadata.labels?.[AGENT_LABELS.generation] ?? 0);
}
