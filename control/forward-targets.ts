/** Where telemetry of agents goes on to: what the EgressGateways of the store name, followed as they change. */
import { parseAnyObject } from "../crds/kinds.ts";
import { ownReceiverTarget } from "../gateway/own-receiver.ts";
import { gatewayKey } from "../gateway/snapshot.ts";
import { allResources } from "./apiserver/all-resources.ts";
import { namespaceResource } from "./apiserver/core-resources.ts";
import type { ObjectChange, ObjectStore } from "./apiserver/object-store.ts";
import { endingNamespaces } from "./objects/ending-namespaces.ts";
import type { ForwardTarget } from "./telemetry/agent-forwarder.ts";

/** Calls back with all targets by `namespace/name`, now and after each commit that may change them, until it is ended. */
export function followForwardTargets(
  store: ObjectStore,
  onTargets: (targets: ReadonlyMap<string, ForwardTarget>) => void,
): () => void {
  const resource = gatewayStorage();
  onTargets(readTargets(store, resource));
  return store.subscribe((changes) => {
    const isNews = (change: ObjectChange) =>
      change.resource === namespaceResource.storage ||
      (change.resource === resource && !isSameSpec(change));
    if (changes.some(isNews)) onTargets(readTargets(store, resource));
  });
}

/** Statuses of gateways are written often, and are of no matter here. */
function isSameSpec({ change, object, previous }: ObjectChange): boolean {
  const { generation } = object.metadata;
  return change === "MODIFIED" && previous?.metadata.generation === generation;
}

function gatewayStorage(): string {
  const found = allResources().find(({ kind }) => kind === "EgressGateway");
  if (found === undefined) throw new TypeError("Cannot follow EgressGateways: none are served");
  return found.storage;
}

function readTargets(
  { reader }: ObjectStore,
  resource: string,
): ReadonlyMap<string, ForwardTarget> {
  const isEnding = endingNamespaces(reader);
  const targets = new Map<string, ForwardTarget>();
  for (const { namespace, text } of reader.each({ resource })) {
    if (isEnding(namespace)) continue;
    const stored = JSON.parse(text);
    const parsed = parseAnyObject(stored);
    // One that is wrong is served by no gateway either: its old form goes on there until the store has a right one.
    if (parsed.kind !== "valid" || parsed.object.kind !== "EgressGateway") continue;
    const target = ownReceiverTarget(parsed.object);
    if (target === undefined) continue;
    const { creationTimestamp, uid } = stored.metadata;
    const createdMs = Date.parse(creationTimestamp);
    // Where it is not known no run is one of this object.
    const sinceMs = Number.isNaN(createdMs) ? Number.POSITIVE_INFINITY : createdMs;
    targets.set(gatewayKey(target.gateway), { target, uid, createdMs: sinceMs });
  }
  return targets;
}
