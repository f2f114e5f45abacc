/** Objects with what became of them, for `clrk get`: conditions, tier and where they were read. Secrets stay closed. */

import { hideSensitive } from "../crds/hide-sensitive.ts";
import type { ParsedObject } from "../crds/kinds.ts";
import { findKind } from "../crds/kinds.ts";
import { formatReference, referenceOf } from "../crds/meta.ts";
import type { BackendState } from "./backend-health.ts";
import type { ObjectStatus } from "./compile.ts";
import type { GatewayStatus, ServedObject } from "./control-api.ts";
import type { SourcedObject } from "./manifests.ts";
import type { RouteTier } from "./route-tier.ts";
import { routeTiers } from "./route-tier.ts";
import type { SecretSourceStatus } from "./secret-source-status.ts";
import type { GatewaySnapshot } from "./snapshot.ts";

/** Kinds whose traffic a tier decides. */
const routeKinds: ReadonlySet<string> = new Set([
  "AIProviderRoute",
  "EgressHTTPRoute",
  "EgressL4Route",
  "MCPRoute",
]);

/** What became of the objects. */
export interface ServedState {
  readonly statuses: readonly ObjectStatus[];
  /** As they were compiled from the objects */
  readonly gateways: readonly GatewaySnapshot[];
  /** Of an EgressGateway by `namespace/name`; undefined when it is not served */
  readonly gatewayStatus: (key: string) => GatewayStatus | undefined;
  /** How backends do to which rules fall back */
  readonly backendStates: readonly BackendState[];
  /** How Secrets do that come from files, folders and commands */
  readonly secretSources: readonly SecretSourceStatus[];
}

/** Joins objects with their state; a Secret that has sources and no value yet is shown without keys. */
export function servedObjects(
  objects: readonly SourcedObject[],
  state: ServedState,
): ServedObject[] {
  const present = new Set(objects.map(({ object }) => formatReference(referenceOf(object))));
  const absent = state.secretSources.filter(
    ({ namespace, name }) => !present.has(formatReference({ kind: "Secret", namespace, name })),
  );
  const names = new Map(absent.map((source) => [`${source.namespace}/${source.name}`, source]));
  const missing = [...names.values()].map((source) => missingSecret(source, state.secretSources));
  return [...presentObjects(objects, state), ...missing];
}

function missingSecret(
  { namespace, name, origin }: SecretSourceStatus,
  sources: readonly SecretSourceStatus[],
): ServedObject {
  const metadata = { namespace, name };
  const status = { conditions: [], sources: sourcesOf(sources, metadata) };
  const object = { apiVersion: "v1", kind: "Secret", metadata, data: {}, status };
  return { object, conditions: [], source: origin };
}

function sourcesOf(
  sources: readonly SecretSourceStatus[],
  secret: { readonly namespace: string; readonly name: string },
): readonly SecretSourceStatus[] {
  return sources.filter(
    ({ namespace, name }) => namespace === secret.namespace && name === secret.name,
  );
}

function presentObjects(
  objects: readonly SourcedObject[],
  { statuses, gateways, gatewayStatus, backendStates, secretSources }: ServedState,
): ServedObject[] {
  const byName = new Map(statuses.map((status) => [formatReference(status.ref), status]));
  const tiers = routeTiers(gateways);
  return objects.map(({ object, file, line }) => {
    const { kind, apiVersion } = object;
    const { namespace, name } = object.metadata;
    const key = formatReference({ kind, namespace, name });
    const status = byName.get(key);
    const conditions = status?.conditions ?? [];
    const tier = routeKinds.has(kind) ? tierOf(conditions, tiers.get(key)) : undefined;
    const health =
      kind === "Backend" ? backendHealth(backendStates, { namespace, name }) : undefined;
    const sources = kind === "Secret" ? sourcesOf(secretSources, { namespace, name }) : [];
    const gateway = kind === "EgressGateway" ? gatewayStatus(`${namespace}/${name}`) : undefined;
    return {
      object: {
        apiVersion,
        kind,
        metadata: shownMetadata(object),
        ...(kind === "Secret" ? { data: secretKeys(object) } : { spec: specOf(object) }),
        status: {
          conditions,
          ...(status?.parents && { parents: status.parents }),
          ...(status && status.problems.length > 0 && { problems: status.problems }),
          ...(gateway && { gateway }),
          ...(health && { health }),
          ...(sources.length > 0 && { sources }),
        },
      },
      conditions,
      ...(tier && { tier }),
      source: line > 0 ? `${file}:${line}` : file,
    };
  });
}

/** Of several rules that fall back to a backend, what the worst of them found. */
function backendHealth(
  states: readonly BackendState[],
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Omit<BackendState, "backend"> | undefined {
  const own = states.filter(
    ({ backend }) => backend.namespace === namespace && backend.name === name,
  );
  const [worst] = own.toSorted(
    (left, right) => right.ejectedForMs - left.ejectedForMs || right.failures - left.failures,
  );
  if (worst === undefined) return undefined;
  const { failures, ejectedForMs, lastStatus } = worst;
  return { failures, ejectedForMs, lastStatus };
}

/** A route that is not accepted says so itself; one that attaches to no gateway has no traffic. */
function tierOf(
  conditions: ServedObject["conditions"],
  compiled: RouteTier | undefined,
): NonNullable<ServedObject["tier"]> {
  const failed = conditions.find(({ type, status }) => type === "Accepted" && status === "False");
  if (failed) return { name: "refused", why: failed.message };
  return compiled ?? { name: "refused", why: "No rule of it is in force on any EgressGateway" };
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
