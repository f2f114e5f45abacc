/** What an EgressGateway says about itself, without its routes: listeners, upstreams, exports, and what is refused. */

import { parseDuration } from "../../crds/duration.ts";
import type { EgressGateway } from "../../crds/egress-gateway.ts";
import { listenerShape } from "../../crds/egress-gateway-listener.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import type { AddressGuard } from "../address-guard.ts";
import { SecretValue } from "../secret-value.ts";
import type {
  GatewaySnapshot,
  HostAlias,
  ListenerSnapshot,
  OtlpTarget,
  Refusal,
  SinkTarget,
} from "../snapshot.ts";
import { readOwnReceiver } from "../own-receiver.ts";
import { gatewayLimits, requestSizeLimits } from "./gateway-limits.ts";
import type { ObjectIndex } from "./object-index.ts";
import { notEnforced } from "./refusal.ts";
import type { Finding, StatusBook } from "./status-book.ts";
import { readUpstreamTrust } from "./upstream-trust.ts";

/** Time to response headers when the object sets none. */
const defaultRequestTimeoutMs = 5 * 60_000;

/** The snapshot of a gateway before its routes. */
export type GatewaySettings = Omit<GatewaySnapshot, "hosts" | "l4Rules">;

/** What the settings are made from. */
export interface SettingsScope {
  readonly index: ObjectIndex;
  readonly guard: AddressGuard;
  readonly book: StatusBook;
  /** Takes the values of OTLP headers */
  readonly credentials: Map<string, SecretValue>;
}

/** Settings of one gateway. What it declares and is not enforced, or cannot be resolved, refuses everything on it. */
export function gatewaySettings(gateway: EgressGateway, scope: SettingsScope): GatewaySettings {
  const { index, guard, book, credentials } = scope;
  const { metadata, spec } = gateway;
  const trust = readUpstreamTrust(gateway, index);
  const own = gatewayLimits(gateway, index);
  const unenforced = [...findUnenforced(gateway), ...own.obstacles];
  for (const finding of unenforced) book.reject(gateway, finding);
  const unresolved = [...(trust.kind === "unusable" ? [trust.finding] : []), ...own.missing];
  for (const finding of unresolved) book.reportUnresolved(gateway, finding);
  const refusal = refusalOf(gateway, unenforced, unresolved[0]);
  const requestSize = requestSizeLimits(gateway);
  if (spec.otlp?.captureBody !== undefined && spec.defaultPolicy === "allow-all") {
    const text = "keeps no bodies of requests that only spec.defaultPolicy (allow-all) lets pass";
    book.note(gateway, `spec.otlp.captureBody ${text}`);
  }
  const otlp = otlpTarget(gateway, scope.book, credentials);
  const sinks = spec.sinks.map((sink) => sinkTarget(gateway, sink, credentials));
  const { explicitProxy, requestTimeout } = spec;
  const { maxConcurrentRequests } = spec.limits ?? {};
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    ...(metadata.uid !== undefined && { uid: metadata.uid }),
    defaultPolicy: spec.defaultPolicy,
    ...(spec.enforcement === "Audit" && { audits: true }),
    ...(refusal !== undefined && { refusal }),
    listeners: spec.listeners.map(listenerSnapshot),
    ...(explicitProxy !== undefined && { explicitProxy }),
    upstream: {
      lookupFamily: spec.dns?.lookupFamily ?? "V4Preferred",
      additionalTrustPem: trust.kind === "trusted" ? trust.pem : "",
      guardedRanges: guard.ranges,
    },
    requestTimeoutMs:
      requestTimeout === undefined ? defaultRequestTimeoutMs : parseDuration(requestTimeout),
    ...(otlp !== undefined && { otlp }),
    ...(requestSize !== undefined && { requestSize }),
    ...(maxConcurrentRequests !== undefined && { maxConcurrentRequests }),
    ...(sinks.length > 0 && { sinks }),
  };
}

/** Fixed addresses by host name. Of two for one name the first written applies, which the book says. */
export function hostAliases(
  gateway: EgressGateway,
  book: StatusBook,
): ReadonlyMap<string, HostAlias> {
  const aliases = new Map<string, HostAlias>();
  for (const { ip, hostnames, port } of gateway.spec.upstreamTLS?.hostAliases ?? []) {
    for (const hostname of hostnames) {
      const known = aliases.get(hostname);
      if (known === undefined) {
        aliases.set(hostname, { address: ip, ...(port !== undefined && { port }) });
      } else if (known.address !== ip || known.port !== port) {
        const text = `leads host "${hostname}" to ${known.address} already, ${ip} is not used`;
        book.note(gateway, `spec.upstreamTLS.hostAliases ${text}`);
      }
    }
  }
  return aliases;
}

function listenerSnapshot(listener: EgressGateway["spec"]["listeners"][number]): ListenerSnapshot {
  const { name, port } = listener;
  return { name, shape: listenerShape(listener), ...(port !== undefined && { port }) };
}

function findUnenforced({ spec }: EgressGateway): Finding<"Accepted">[] {
  return spec.listeners.flatMap(({ tls }, position) =>
    tls?.caCertRef === undefined
      ? []
      : [notEnforced(["spec", "listeners", position, "tls", "caCertRef"])],
  );
}

function refusalOf(
  gateway: EgressGateway,
  unenforced: readonly Finding<"Accepted">[],
  unresolved: Finding<"ResolvedRefs"> | undefined,
): Refusal | undefined {
  const label = formatReference(referenceOf(gateway));
  const [first] = unenforced;
  if (first !== undefined) {
    const message = `Refused because ${label} cannot be enforced: ${first.message}`;
    return { reason: "not-enforced", message };
  }
  if (unresolved === undefined) return undefined;
  const message = `Refused because ${label} is not ready: ${unresolved.message}`;
  return { reason: "not-ready", message };
}

function sinkTarget(
  { metadata }: EgressGateway,
  { name, otlp }: EgressGateway["spec"]["sinks"][number],
  credentials: Map<string, SecretValue>,
): SinkTarget {
  if (otlp === undefined) return { kind: "file", name };
  const headers = new Map(
    Object.entries(otlp.headers).map(([header, value]) => [header.toLowerCase(), value]),
  );
  for (const [header, value] of headers) {
    const place = `sink/${metadata.namespace}/${metadata.name}/${name}/${header}`;
    credentials.set(place, new SecretValue(value));
  }
  const headerNames = [...headers.keys()].toSorted();
  return { kind: "otlp", name, endpoint: otlp.endpoint, headerNames };
}

function otlpTarget(
  gateway: EgressGateway,
  book: StatusBook,
  credentials: Map<string, SecretValue>,
): OtlpTarget | undefined {
  const receiver = readOwnReceiver(gateway);
  if (receiver === undefined) return undefined;
  for (const header of receiver.repeated) {
    book.note(gateway, `spec.otlp.headers names "${header}" twice: the first is sent`);
  }
  for (const [place, value] of receiver.credentials) credentials.set(place, value);
  return receiver.target;
}
