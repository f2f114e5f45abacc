/** Ways of requests to MCP servers whose rules name backends: Envoy rules that only the engine can pick. */

import type { McpDestination, McpWay } from "../mcp-plan.ts";
import type { CredentialUse, HttpAction, HttpRule } from "../snapshot.ts";
import { gatewayKey } from "../snapshot.ts";
import type { PlanScope } from "./engine-plan.ts";
import { planId } from "./plan-id.ts";
import type { DenyAction } from "./refusal.ts";
import type { BackendDraft, DestinationDraft } from "./route-draft.ts";

/** What the engine is told, and what Envoy is. */
export interface McpWays {
  readonly destinations: readonly McpDestination[];
  readonly ways: readonly Required<Pick<HttpRule, "pick" | "action" | "isJudged">>[];
  /** Of all ways */
  readonly credentials: readonly CredentialUse[];
  /** Present where no way serves anything */
  readonly deny?: DenyAction;
}

/** What ways are made from. */
export interface McpWaysOptions {
  readonly drafts: readonly DestinationDraft[];
  readonly scope: PlanScope;
  /** What becomes of requests that go to these backends alone; none: to the host that the agent asked for */
  readonly resolve: (backends: readonly BackendDraft[]) => HttpAction;
}

/** The ways of one route at one host. */
export function createMcpWays(options: McpWaysOptions): McpWays {
  const { drafts } = options;
  const resolved = drafts.map((draft) => ({
    servers: draft.servers,
    ways: waysOf(draft, options),
  }));
  const all = resolved.flatMap(({ ways }) => ways);
  const actions = all.flatMap(({ way, action }) =>
    // Envoy takes no route whose shares are all 0, and nobody is sent there.
    action.kind === "forward" && way.weight > 0
      ? [{ pick: way.pick, action: withoutEngine(action) }]
      : [],
  );
  const [first] = all;
  const deny =
    actions.length === 0 && first?.action.kind === "deny" ? { deny: first.action } : undefined;
  return {
    destinations: resolved.map(({ servers, ways }) => ({
      servers,
      ways: ways.map((it) => it.way),
    })),
    ways: actions.map((it) => ({ ...it, isJudged: true })),
    credentials: actions.flatMap(({ action }) => usesOf(action)),
    ...deny,
  };
}

/** What the engine does for a way it does before it picks it. */
function withoutEngine(action: Extract<HttpAction, { readonly kind: "forward" }>) {
  return { ...action, backends: action.backends.map(({ engine: _, ...target }) => target) };
}

interface ResolvedWay {
  readonly way: McpWay;
  readonly action: HttpAction;
}

function waysOf({ backends, deny }: DestinationDraft, options: McpWaysOptions): ResolvedWay[] {
  if (deny !== undefined) return [wayOf(undefined, deny, options)];
  if (backends.length === 0) return [wayOf(undefined, options.resolve([]), options)];
  return backends.map((backend) => {
    const { refusal } = backend;
    const action = refusal ? { kind: "deny" as const, ...refusal } : options.resolve([backend]);
    return wayOf(backend, action, options);
  });
}

function wayOf(
  backend: BackendDraft | undefined,
  action: HttpAction,
  { scope }: McpWaysOptions,
): ResolvedWay {
  const { namespace = "", name = "" } = backend?.name ?? {};
  const key = backend === undefined ? "" : `${namespace}/${name}:${backend.port}`;
  const gateway = gatewayKey(scope.gateway.metadata);
  const pick = planId({ gateway, route: scope.route, key, basePath: backend?.basePath, action });
  const isDenied = action.kind === "deny";
  const way = {
    pick,
    backend: backend?.name ?? null,
    key,
    weight: backend?.weight ?? 1,
    basePath: backend?.basePath ?? "",
    queryCredentials: usesOf(action).filter((use) => use.kind === "query"),
    ...(isDenied && {
      refusal: { status: action.status, reason: action.reason, message: action.message },
    }),
  };
  return { way, action };
}

function usesOf(action: HttpAction): CredentialUse[] {
  if (action.kind !== "forward") return [];
  return [...action.credentials, ...action.backends.flatMap(({ credentials }) => credentials)];
}
