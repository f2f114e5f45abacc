/** MCPRoute to draft: nothing of it is enforced yet, so its hosts are refused. */

import type { MCPRoute } from "../../crds/mcp-route.ts";
import { referenceOf } from "../../crds/meta.ts";
import { anyHost, hostMatch } from "./host-match.ts";
import type { RouteDraft } from "./route-draft.ts";
import { unchanged } from "./header-rewrite.ts";

/** Drafts one route. Without host names it refuses whatever no other route decides. */
export function draftMcpRoute(route: MCPRoute): RouteDraft {
  const { hostnames } = route.spec;
  const hosts = hostnames.length === 0 ? [anyHost] : hostnames.map(hostMatch);
  return {
    object: route,
    name: referenceOf(route),
    obstacles: [{ reason: "NotEnforced", message: "MCPRoute is not enforced yet" }],
    unresolved: [],
    problems:
      hostnames.length === 0
        ? ["It names no host, so it refuses every request that no other route decides"]
        : [],
    rules: [
      {
        ruleIndex: 0,
        hosts,
        matches: [{}],
        requestHeaders: unchanged,
        responseHeaders: unchanged,
        logging: [],
        limits: [],
        backends: [],
      },
    ],
    l4Rules: [],
  };
}
