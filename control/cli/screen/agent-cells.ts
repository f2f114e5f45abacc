/** What people call an agent, and whether it does anything. */
import type { AgentActivity } from "../../../gateway/activity-report.ts";
import { escapeControls } from "../colour.ts";

/** Name of an agent for people: without what is the same for most. */
export function agentName({ agent }: AgentActivity): string {
  if (agent === "") return "(unknown)";
  if (agent === "other") return "(others)";
  return escapeControls(agent.replace(/^Process\/default\//, ""));
}

/** Whether it runs: `running` with a command now, `active` within the last ten seconds, else `idle`. */
export function stateOf({ runs, lastUnixMs }: AgentActivity, nowMs: number): string {
  if (runs > 0) return runs === 1 ? "running" : `running×${runs}`;
  return nowMs - lastUnixMs < 10_000 ? "active" : "idle";
}
