/** Objects with what became of them, for `clrk get`: conditions, tier and where they were read. Secrets stay closed. */

import type { ObjectStatus } from "./compile.ts";
import type { ServedObject } from "./control-api.ts";
import type { GatewayFleet } from "./gateway-fleet.ts";
import type { SourcedObject } from "./manifests.ts";

/** Kinds whose traffic a tier decides. */
const routeKinds: ReadonlySet<string> = new Set([
  "AIProviderRoute",
  "EgressHTTPRoute",
  "EgressL4Route",
  "MCPRoute",
]);

/** What conditions do not say. */
export interface ServedOptions {
  readonly fleet: GatewayFleet;
}

/** Joins objects and statuses. */
export function servedObjects(
  objects: readonly SourcedObject[],
  statuses: readonly ObjectStatus[],
  { fleet }: ServedOptions,
): ServedObject[] {
  const byName = new Map(statuses.map((status) => [keyOf(status.ref), status]));
  return objects.map(({ object, file, line }) => {
    const { kind, apiVersion } = object;
    const { namespace, name } = object.metadata;
    const status = byName.get(keyOf({ kind, namespace, name }));
    const conditions = status?.conditions ?? [];
    const tier = routeKinds.has(kind) ? tierOf(conditions) : undefined;
    const runtime = kind === "EgressGateway" ? fleet.find(`${namespace}/${name}`) : undefined;
    return {
      object: {
        apiVersion,
        kind,
        metadata: object.metadata,
        ...(kind === "Secret" ? { data: secretKeys(object) } : { spec: specOf(object) }),
        status: {
          conditions,
          ...(status?.parents && { parents: status.parents }),
          ...(runtime && { gateway: runtime.status() }),
        },
      },
      conditions,
      ...(tier && { tier }),
      source: line > 0 ? `${file}:${line}` : file,
    };
  });
}

function keyOf({
  kind,
  namespace,
  name,
}: {
  kind: string;
  namespace: string;
  name: string;
}): string {
  return `${kind}/${namespace}/${name}`;
}

function tierOf(conditions: ServedObject["conditions"]): NonNullable<ServedObject["tier"]> {
  const failed = conditions.find(({ type, status }) => type === "Accepted" && status === "False");
  if (failed) return { name: "refused", why: failed.message };
  return { name: "native", why: "Envoy's own filters decide everything that the route asks for" };
}

function specOf(object: object): unknown {
  return "spec" in object ? object.spec : undefined;
}

/** Names of the keys; their values never leave the process. */
function secretKeys(object: object): Record<string, string> {
  const keys: Record<string, string> = Object.create(null);
  if ("data" in object && typeof object.data === "object" && object.data !== null) {
    for (const key of Object.keys(object.data)) keys[key] = "[redacted]";
  }
  return keys;
}
