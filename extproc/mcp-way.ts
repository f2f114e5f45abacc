/** Where a request to an MCP server goes, and what changes with it. */

import type { CallRouting } from "../gateway/call-facts.ts";
import type { HeaderPair } from "../gateway/decision.ts";
import { findMcpWay, refuseMcp } from "../gateway/mcp-destination.ts";
import type { McpHead, McpRefusal } from "../gateway/mcp-judge.ts";
import type { McpPlan } from "../gateway/mcp-plan.ts";
import { executionKey } from "./caller-key.ts";
import type { OutgoingTools } from "./outgoing-request.ts";
import { pathWithCredentials } from "./outgoing-request.ts";
import type { PickedWay } from "./reply-parts.ts";

/** A request on its way, or why it has none. */
export type McpSending =
  | {
      readonly kind: "go";
      readonly set: readonly HeaderPair[];
      /** Absent: the route that its path says */
      readonly way?: PickedWay;
      /** For the record; null where no backend was chosen */
      readonly routing: CallRouting | null;
    }
  | { readonly kind: "refuse"; readonly refusal: McpRefusal };

/** Sends a request the way that the plan says for its server and for who calls. */
export function sendMcp(
  plan: McpPlan | undefined,
  { head, caller }: { readonly head: McpHead; readonly caller: string },
  tools: Pick<OutgoingTools, "credential">,
): McpSending {
  if (plan?.destinations === undefined) return asItIs;
  const way = findMcpWay(plan, head, executionKey(caller));
  // Judgement refuses it: no rule is about its server.
  if (way === undefined) return asItIs;
  const { backend, basePath, pick, refusal } = way;
  if (refusal !== undefined) return { kind: "refuse", refusal: refuseMcp(refusal) };
  const path = pathWithCredentials(`${basePath}${head.target}`, way, tools);
  if (typeof path !== "string") return { kind: "refuse", refusal: refuseMcp(path) };
  return {
    kind: "go",
    set: path === head.target ? [] : [[":path", path]],
    way: { pick },
    routing: backend && { backend, provider: "", model: null, translation: null, dropped: [] },
  };
}

const asItIs: McpSending = { kind: "go", set: [], routing: null };
