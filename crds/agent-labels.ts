/** Labels by which what belongs to an agent is found. Names are part of the API: workers and people select by them. */

/** Kinds of agents that are objects. */
export const agentKinds = ["TaskAgent", "DaemonAgent"] as const;

/** One of `agentKinds`. */
export type AgentKind = (typeof agentKinds)[number];

/** Whether a kind is one of them. */
export function isAgentKind(kind: string): kind is AgentKind {
  return agentKinds.some((known) => known === kind);
}

/** Label keys of an AgentSandboxRevision. */
export const AGENT_LABELS = {
  /** Name of the agent */
  agent: "clrk.apoxy.dev/agent",
  /** One of `agentKinds` */
  agentKind: "clrk.apoxy.dev/agent-kind",
  /** The agent's `metadata.generation` when the revision was made, in decimal */
  generation: "clrk.apoxy.dev/generation",
  /** Name of the WorkerPool whose workers run it */
  workerPool: "clrk.apoxy.dev/worker-pool",
} as const;
