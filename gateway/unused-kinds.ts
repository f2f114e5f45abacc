/** Kinds that a gateway accepts among its manifests and has no use for: whoever runs agents uses them. */
import type { KindDefinition } from "../crds/kind-definition.ts";

const usedElsewhere: ReadonlyMap<string, string> = new Map([
  ["TaskAgent", "workers run agents"],
  ["DaemonAgent", "workers run agents"],
  ["AgentSandboxRevision", "workers run agents"],
  ["WorkerPool", "the control plane runs workers"],
  ["CLRKConfig", "it is about the installation"],
]);

/** Why a gateway does not use objects of the kind, in a sentence without its full stop; undefined where it does. */
export function whyUnused(kind: string): string | undefined {
  const reason = usedElsewhere.get(kind);
  return reason === undefined ? undefined : `${kind} is not used by this process: ${reason}`;
}

/** Why no manifest may hold objects of the kind; undefined where it may. */
export function whyUnwritable({ kind, stored }: KindDefinition<unknown>): string | undefined {
  return stored
    ? undefined
    : `${kind} is a record of what happened, which nobody writes; remove it`;
}
