/** Who is counted together. */

import { tryParseCaller } from "../gateway/identity.ts";

/** A separator that no part of a key can hold. */
const between = "\u0000";

/**
 * The execution of an agent that a caller is, as its connection proves it. Who proves nothing is one together with all
 * others that prove nothing: then it is empty. An agent that runs without invocations is one as long as it lives.
 */
export function executionKey(callerText: string): string {
  const caller = tryParseCaller(callerText);
  if (caller === undefined) return "";
  if (caller.kind === "run") return caller.runId;
  const { uid, invocationId } = caller.agent;
  return [nameOf(caller.agent), invocationId || uid].join(between);
}

/** The agent that a caller is, as `Kind/namespace/name`; `agentOfRun` knows those of runs. Empty as above. */
export function agentKey(
  callerText: string,
  agentOfRun: (runId: string) => string | undefined,
): string {
  const caller = tryParseCaller(callerText);
  if (caller === undefined) return "";
  if (caller.kind === "run") return agentOfRun(caller.runId) ?? caller.runId;
  return nameOf(caller.agent);
}

/** The invocation that a caller is part of; `invocationOfRun` knows those of runs. Empty where there is none. */
export function invocationKey(
  callerText: string,
  invocationOfRun: (runId: string) => string | undefined,
): string {
  const caller = tryParseCaller(callerText);
  if (caller === undefined) return "";
  return caller.kind === "run" ? (invocationOfRun(caller.runId) ?? "") : caller.agent.invocationId;
}

/** `Kind/namespace/name`: how keys name an object or agent. */
export function nameOf({
  kind,
  namespace,
  name,
}: Readonly<Record<"kind" | "namespace" | "name", string>>): string {
  return `${kind}/${namespace}/${name}`;
}
