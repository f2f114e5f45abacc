/** How many executions of an agent have not ended: a question to whoever keeps invocations. */
import type { AgentKind } from "../../crds/agent-labels.ts";

/** Says which agent is meant, among those of both kinds. */
export interface AgentName {
  readonly kind: AgentKind;
  readonly namespace: string;
  readonly name: string;
}

/** Whoever counts invocations. */
export interface ActiveExecutions {
  /** Invocations of the agent that have not ended; undefined while it is not known: then what workers say counts */
  count(agent: AgentName): number | undefined;
  /** Calls back when the number of an agent may be another one, without an agent when all may. Returns an unsubscribe function. */
  subscribe(onChange: (agent?: AgentName) => void): () => void;
}
