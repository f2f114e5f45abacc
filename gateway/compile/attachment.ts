/**
 * Which EgressGateways a route attaches to, and to which of their listeners. A route comes from the gateway's own
 * namespace, unless a listener says that it takes routes of others, and is of any kind, unless it says of which.
 */

import type { ParsedObject } from "../../crds/kinds.ts";
import type { EgressGateway } from "../../crds/egress-gateway.ts";
import type { EgressGatewayListener, ListenerShape } from "../../crds/egress-gateway-listener.ts";
import { listenerShape } from "../../crds/egress-gateway-listener.ts";
import type { ParentReference } from "../../crds/references.ts";
import { matchLabelSelector } from "../../crds/label-selector.ts";
import { formatReference, GROUP, referenceOf } from "../../crds/meta.ts";
import { namespaceLabels } from "../../crds/namespace.ts";
import { quoteChoice } from "../../crds/problem.ts";
import type { ObjectIndex, ObjectOf } from "./object-index.ts";
import { objectKey } from "./object-index.ts";
import type { Finding, ParentName, StatusBook } from "./status-book.ts";
import { accepted } from "./status-book.ts";

/** Kinds that attach to EgressGateways. */
export const routeKinds = [
  "AIProviderRoute",
  "EgressHTTPRoute",
  "EgressL4Route",
  "MCPRoute",
] as const;

/** Any route. */
export type RouteObject = ObjectOf<(typeof routeKinds)[number]>;

/** A route on one gateway. */
export interface Attachment {
  /** Listener names that the route is about */
  readonly listeners: ReadonlySet<string>;
  /** Whether that is every listener of the gateway, by reference and not by listing */
  readonly isWhole: boolean;
}

/** Attachments of one route by `objectKey` of the gateway. */
export type Attachments = ReadonlyMap<string, Attachment>;

/** Shapes whose requests Envoy reads; on the others only EgressL4Routes have an effect. */
export const httpShapes: ReadonlySet<ListenerShape> = new Set(["http", "https", "tls-terminate"]);

/** Attaches one route, and says in the book how it stands with each parent. */
export function attachRoute(route: RouteObject, index: ObjectIndex, book: StatusBook): Attachments {
  const attachments = new Map<string, Attachment>();
  for (const reference of route.spec.parentRefs) {
    const parent = parentName(reference, route);
    const gateway = index.find("EgressGateway", parent.namespace, parent.name);
    const outcome =
      gateway === undefined ? missing(parent) : attach(route, gateway, { reference, index });
    book.reportParent(route, parent, outcome.finding);
    if (gateway === undefined || outcome.attachment === undefined) continue;
    const key = objectKey(gateway);
    attachments.set(key, unite(attachments.get(key), outcome.attachment));
  }
  return attachments;
}

interface Outcome {
  readonly finding: Finding<"Accepted">;
  readonly attachment?: Attachment;
}

function parentName(reference: ParentReference, route: ParsedObject): ParentName {
  const { kind, name, namespace = route.metadata.namespace, sectionName } = reference;
  return { kind, namespace, name, ...(sectionName !== undefined && { sectionName }) };
}

function missing(parent: ParentName): Outcome {
  return unattached(`${formatReference(parent)} does not exist`);
}

function attach(
  route: RouteObject,
  gateway: EgressGateway,
  { reference, index }: { readonly reference: ParentReference; readonly index: ObjectIndex },
): Outcome {
  const label = formatReference(referenceOf(gateway));
  const named = gateway.spec.listeners.filter((listener) => isNamed(listener, reference));
  if (named.length === 0) return unattached(describeUnknownListener(label, gateway, reference));
  const { namespace } = route.metadata;
  const labels = namespaceLabels(namespace, index.find("Namespace", namespace, namespace));
  const near = named.filter((listener) => takesNamespace(listener, gateway, { namespace, labels }));
  if (near.length === 0) {
    const from = describeNamespaces(named, gateway.metadata.namespace);
    return unattached(`${label} takes routes ${from}`);
  }
  const open = near.filter((listener) => takesKind(listener, route.kind));
  if (open.length === 0) {
    const names = quoteChoice(near.map(({ name }) => name));
    return unattached(`${label} takes no ${route.kind} (allowedRoutes.kinds of listener ${names})`);
  }
  if (route.kind !== "EgressL4Route" && !open.some(readsHttp)) {
    const names = quoteChoice(open.map(({ name }) => name));
    return unattached(
      `${label} reads no HTTP on listener ${names}: only an EgressL4Route decides there`,
    );
  }
  const isPart = reference.sectionName !== undefined || reference.port !== undefined;
  const isWhole = !isPart && open.length === gateway.spec.listeners.length;
  return {
    finding: accepted,
    attachment: { isWhole, listeners: new Set(open.map(({ name }) => name)) },
  };
}

function unattached(message: string): Outcome {
  return { finding: { reason: "NoMatchingParent", message } };
}

function isNamed(listener: EgressGatewayListener, { sectionName, port }: ParentReference): boolean {
  if (sectionName !== undefined && listener.name !== sectionName) return false;
  return port === undefined || listener.port === port;
}

function takesNamespace(
  { allowedRoutes }: EgressGatewayListener,
  gateway: EgressGateway,
  {
    namespace,
    labels,
  }: { readonly namespace: string; readonly labels: ReadonlyMap<string, string> },
): boolean {
  const { from = "Same", selector } = allowedRoutes?.namespaces ?? {};
  switch (from) {
    case "All":
      return true;
    case "Same":
      return namespace === gateway.metadata.namespace;
    case "Selector":
      return selector !== undefined && matchLabelSelector(selector, labels);
  }
}

function describeNamespaces(named: readonly EgressGatewayListener[], own: string): string {
  const names = quoteChoice(named.map(({ name }) => name));
  const selects = named.some(({ allowedRoutes }) => allowedRoutes?.namespaces?.from === "Selector");
  const whose = selects ? "namespaces with the labels of its selector" : `namespace "${own}"`;
  return `only from ${whose} (allowedRoutes of listener ${names})`;
}

/** A kind of another group is none of ours. */
function takesKind({ allowedRoutes }: EgressGatewayListener, wanted: RouteObject["kind"]): boolean {
  const kinds = allowedRoutes?.kinds ?? [];
  return (
    kinds.length === 0 ||
    kinds.some(({ group = GROUP, kind }) => group === GROUP && kind === wanted)
  );
}

function readsHttp(listener: EgressGatewayListener): boolean {
  return httpShapes.has(listenerShape(listener));
}

function describeUnknownListener(
  label: string,
  { spec }: EgressGateway,
  { sectionName, port }: ParentReference,
): string {
  const wanted = [
    ...(sectionName === undefined ? [] : [`named "${sectionName}"`]),
    ...(port === undefined ? [] : [`for port ${port}`]),
  ];
  const known = quoteChoice(spec.listeners.map(({ name }) => name));
  return `${label} has no listener ${wanted.join(" ")}: its listeners are ${known}`;
}

function unite(left: Attachment | undefined, right: Attachment): Attachment {
  if (left === undefined) return right;
  return {
    isWhole: left.isWhole || right.isWhole,
    listeners: left.listeners.union(right.listeners),
  };
}
