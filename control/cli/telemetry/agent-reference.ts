/**
 * Which agent a name means. Invariant: an answer that says neither yes nor no (forbidden, down) ends the search with its
 * own error, so that it never looks like an agent that is not there.
 */
import type { ApiClient } from "../api-client.ts";
import { encodePath } from "../api-client.ts";
import { ApiError } from "../api-error.ts";
import { CliError } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";

/** Group and version of the read API. */
export const API_ROOT = ["apis", "clrk.apoxy.dev", "v1alpha1"] as const;

/** Plurals of what has telemetry; `processes` are agents of `clrk run`. */
export type AgentPlural = "daemonagents" | "taskagents" | "processes";

/** An agent, as the API has it. */
export interface AgentReference {
  readonly namespace: string;
  readonly plural: AgentPlural;
  readonly name: string;
}

/** A word of the user's, taken apart. */
export interface AgentWord {
  /** Undefined: find out */
  readonly plural: AgentPlural | undefined;
  readonly name: string;
}

/** The kind's word for people. */
export const agentKinds: Record<AgentPlural, string> = {
  daemonagents: "DaemonAgent",
  taskagents: "TaskAgent",
  processes: "Process",
};

const plurals: ReadonlyMap<string, AgentPlural> = new Map([
  ["daemonagents", "daemonagents"],
  ["daemonagent", "daemonagents"],
  ["da", "daemonagents"],
  ["taskagents", "taskagents"],
  ["taskagent", "taskagents"],
  ["ta", "taskagents"],
  ["processes", "processes"],
  ["process", "processes"],
  ["run", "processes"],
]);

// RFC 1123 labels, as agents are named: anything else cannot be one, and would be another path.
const nameForm = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Takes `[KIND/]NAME` apart; throws a RangeError for what cannot be one. */
export function parseAgentWord(word: string): AgentWord {
  const [first = "", second, ...rest] = word.split("/");
  const name = second ?? first;
  if (rest.length > 0 || !nameForm.test(name)) {
    throw new RangeError("Wanted the name of an agent, or KIND/NAME");
  }
  if (second === undefined) return { plural: undefined, name };
  const plural = plurals.get(first.toLowerCase());
  if (plural !== undefined) return { plural, name };
  throw new RangeError("Wanted daemonagent, taskagent or process before the /");
}

/** Finds the agent: the object of that name, or else an agent of `clrk run`. Throws a `CliError` where two have it. */
export async function resolveAgent(
  client: ApiClient,
  namespace: string,
  { plural, name }: AgentWord,
): Promise<AgentReference> {
  if (plural !== undefined) return { namespace, plural, name };
  const [isDaemon, isTask] = await Promise.all([
    exists(client, { namespace, plural: "daemonagents", name }),
    exists(client, { namespace, plural: "taskagents", name }),
  ]);
  if (isDaemon && isTask) {
    const shown = escapeControls(name);
    throw new CliError(
      `Cannot tell which "${shown}" is meant: a DaemonAgent and a TaskAgent have that name\nName one: daemonagent/${shown} or taskagent/${shown}`,
    );
  }
  return {
    namespace,
    name,
    plural: isDaemon ? "daemonagents" : isTask ? "taskagents" : "processes",
  };
}

/** Path of an agent, or of something below it. */
export function agentPath(agent: AgentReference, below = ""): string {
  return encodePath(...API_ROOT, "namespaces", agent.namespace, agent.plural, agent.name, below);
}

async function exists(client: ApiClient, agent: AgentReference): Promise<boolean> {
  try {
    await client.request({ path: agentPath(agent) });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.failure === "not-found") return false;
    throw error;
  }
}
