/**
 * Who serves a request to an MCP server. All requests of one execution go to the same backend, because a session lives
 * where it was begun, and its first request has no id that could be found again.
 */

import { createHash } from "node:crypto";
import type { McpHead, McpRefusal } from "./mcp-judge.ts";
import type { McpPlan, McpWay } from "./mcp-plan.ts";
import { MCP_ERROR, refuseWhole } from "./mcp/error-answer.ts";
import { matchesServer, mcpServer } from "./mcp/server-match.ts";
import type { Refusal } from "./snapshot-terms.ts";

/**
 * The way of a request. `execution` tells executions apart; what proves none is one. Undefined where the plan says
 * nothing about the server.
 */
export function findMcpWay(
  { destinations = [] }: Pick<McpPlan, "destinations">,
  { scheme, authority, target }: Pick<McpHead, "scheme" | "authority" | "target">,
  execution: string,
): McpWay | undefined {
  if (destinations.length === 0) return undefined;
  const server = mcpServer(scheme, authority, target);
  const found = destinations.find(({ servers }) => matchesServer(servers, server));
  return found === undefined ? undefined : chooseWay(found.ways, execution);
}

/**
 * Weighted rendezvous hashing (Schindelhauer and Schomaker 2005): a way that comes or goes moves only the executions
 * that it takes or had. Of ways without any weight the first, which says why it serves nothing.
 */
function chooseWay(ways: readonly McpWay[], execution: string): McpWay | undefined {
  if (ways.length < 2) return ways[0];
  let best = ways[0];
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const way of ways) {
    if (way.weight === 0) continue;
    const distance = -Math.log(share(way, execution)) / way.weight;
    if (distance < bestDistance) {
      best = way;
      bestDistance = distance;
    }
  }
  return best;
}

/** Between 0 and 1, both excluded. */
function share({ key }: McpWay, execution: string): number {
  const digest = createHash("sha256").update(`${key}\u0000${execution}`).digest();
  return (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48;
}

/** The refusal of a request that has nowhere to go, as a JSON-RPC error without an id. */
export function refuseMcp({
  status,
  reason,
  message,
}: Refusal & { readonly status: number }): McpRefusal {
  return refuseWhole(status, { code: MCP_ERROR.denied, message, reason });
}
