/** Objects with what became of them, for `clrk get`: conditions, tier and where they were read. Secrets stay closed. */

import { hideSensitive } from "../crds/hide-sensitive.ts";
import type { ParsedObject } from "../crds/kinds.ts";
import { findKind } from "../crds/kinds.ts";
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
        metadata: shownMetadata(object),
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

function specOf(object: ParsedObject): unknown {
  const schema = findKind(object.apiVersion, object.kind)?.schema;
  const shown = schema === undefined ? undefined : hideSensitive(schema, object);
  return isObject(shown) && "spec" in shown ? shown.spec : undefined;
}

/** `kubectl apply` keeps the whole object in an annotation, and people keep notes about Secrets there. */
function shownMetadata({ kind, metadata }: ParsedObject): ParsedObject["metadata"] {
  const { annotations, ...rest } = metadata;
  const shown = Object.entries(annotations).filter(
    ([name]) => kind !== "Secret" && name !== "kubectl.kubernetes.io/last-applied-configuration",
  );
  return { ...rest, annotations: Object.fromEntries(shown) };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Names of the keys; their values never leave the process. */
function secretKeys(object: object): Record<string, string> {
  const keys: Record<string, string> = Object.create(null);
  if ("data" in object && typeof object.data === "object" && object.data !== null) {
    for (const key of Object.keys(object.data)) keys[key] = "[redacted]";
  }
  return keys;
}
