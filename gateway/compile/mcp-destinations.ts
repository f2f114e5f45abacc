/**
 * Who serves the requests of an MCPRoute. A session is begun by messages that no rule decides about, so that it is the
 * server that tells whose backends are meant: rules about one server name the same.
 */

import type { MCPRoute } from "../../crds/mcp-route.ts";
import { formatReference } from "../../crds/meta.ts";
import type { Path } from "../../crds/problem.ts";
import type { ObjectName } from "../snapshot.ts";
import type { BackendFindings } from "./backend-reference.ts";
import { resolveBackends } from "./backend-reference.ts";
import type { ObjectIndex } from "./object-index.ts";
import { notEnforced, refuseWithoutBackend } from "./refusal.ts";
import type { BackendDraft, DestinationDraft } from "./route-draft.ts";
import { serversMayMeet } from "./server-overlap.ts";
import type { Finding } from "./status-book.ts";

type Rule = MCPRoute["spec"]["rules"][number];
type Reference = Rule["backendRefs"][number];

/** The destinations of a route, and what stands in their way. */
export interface DestinationFindings {
  /** None where no rule names a backend */
  readonly destinations: readonly DestinationDraft[];
  readonly obstacles: readonly Finding<"Accepted">[];
  readonly missing: readonly Finding<"ResolvedRefs">[];
}

/** Resolves the backends of all rules of the route. */
export function resolveDestinations(
  rules: readonly Rule[],
  { index, route }: { readonly index: ObjectIndex; readonly route: ObjectName },
): DestinationFindings {
  if (rules.every(({ backendRefs }) => backendRefs.length === 0)) return nowhere;
  const { namespace } = route;
  const groups = groupRules(rules);
  const resolved = groups.map(({ rule, ruleIndex }) =>
    resolveBackends(rule.backendRefs, ["spec", "rules", ruleIndex], { index, namespace }),
  );
  return {
    destinations: groups.map(({ servers }, position) => {
      const { backends = [], missing = [] } = resolved[position] ?? {};
      const deny = refusalOf(route, { backends, missing });
      return { servers, backends, ...(deny !== undefined && { deny }) };
    }),
    obstacles: [
      ...tornServers(groups),
      ...rules.flatMap(({ backendRefs }, ruleIndex) =>
        backendRefs.flatMap((reference, position) =>
          referenceObstacles(reference, ["spec", "rules", ruleIndex, "backendRefs", position]),
        ),
      ),
      ...resolved.flatMap(({ obstacles }) => obstacles),
      ...groups.flatMap(({ ruleIndex }, position) =>
        foreignBackends(resolved[position]?.backends ?? [], ["spec", "rules", ruleIndex]),
      ),
    ],
    missing: resolved.flatMap(({ missing }) => missing),
  };
}

const nowhere: DestinationFindings = { destinations: [], obstacles: [], missing: [] };

/** Rules with the same backends. */
interface Group {
  /** The first of them */
  readonly rule: Rule;
  readonly ruleIndex: number;
  /** Of all of them; empty: every server */
  readonly servers: readonly string[];
}

function groupRules(rules: readonly Rule[]): Group[] {
  const groups = new Map<string, Group>();
  for (const [ruleIndex, rule] of rules.entries()) {
    const key = JSON.stringify(rule.backendRefs);
    const known = groups.get(key);
    const servers = serversOf(rule);
    if (known === undefined) groups.set(key, { rule, ruleIndex, servers });
    else groups.set(key, { ...known, servers: unite(known.servers, servers) });
  }
  return [...groups.values()];
}

function serversOf({ matches }: Rule): readonly string[] {
  const isAboutAll = matches.length === 0 || matches.some(({ servers }) => servers.length === 0);
  return isAboutAll ? [] : [...new Set(matches.flatMap(({ servers }) => servers))];
}

function unite(left: readonly string[], right: readonly string[]): readonly string[] {
  return left.length === 0 || right.length === 0 ? [] : [...new Set([...left, ...right])];
}

function tornServers(groups: readonly Group[]): Finding<"Accepted">[] {
  for (const [position, { servers, ruleIndex }] of groups.entries()) {
    const rival = groups.slice(0, position).find((one) => serversMayMeet(one.servers, servers));
    if (rival === undefined) continue;
    const at = ["spec", "rules", ruleIndex, "backendRefs"] as const;
    const what = `other than those of rules[${rival.ruleIndex}], which may be about the same server: a session would be torn between them, so give servers of their own to both`;
    return [notEnforced(at, what)];
  }
  return [];
}

/** Nobody is asked after another one: a session is where it is. */
function referenceObstacles({ priority }: Reference, at: Path): Finding<"Accepted">[] {
  return priority === undefined ? [] : [notEnforced([...at, "priority"])];
}

function foreignBackends(backends: readonly BackendDraft[], path: Path): Finding<"Accepted">[] {
  const at = [...path, "backendRefs"];
  return backends.flatMap(({ name, provider, modelRewrites }) => {
    const label = formatReference(name);
    if (provider !== "") return [notEnforced(at, `${label} speaks ${provider}, and no MCP`)];
    return modelRewrites.length > 0 ? [notEnforced(at, `${label} with modelRewrites`)] : [];
  });
}

function refusalOf(
  route: ObjectName,
  { backends, missing }: Pick<BackendFindings, "backends" | "missing">,
) {
  const [backend] = missing;
  if (backend !== undefined && backends.length === 0) {
    return refuseWithoutBackend(route, backend.message);
  }
  if (backends.length > 0 && backends.every(({ weight }) => weight === 0)) {
    return refuseWithoutBackend(route, "all of its backends have weight 0");
  }
  return undefined;
}
