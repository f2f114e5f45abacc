/** Places beside the records' own file that the gateways name: receivers of theirs, and sinks that rules name. */

import type { SpoolPlace } from "./otlp-spool-folders.ts";
import { spoolFolder } from "./otlp-spool-folders.ts";
import { isRedactedHeader, isSecretName } from "./redact.ts";
import type { SecretValue } from "./secret-value.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import { gatewayKey } from "./snapshot.ts";

type PlaceHeader = NonNullable<SpoolPlace["headers"]>[number];
type GatewayName = Pick<GatewaySnapshot, "namespace" | "name">;

/** One place. */
export type RecordTarget = {
  readonly gateway: GatewayName;
  /** Name of the sink; absent: for all records of the gateway that no sink has */
  readonly sink?: string;
  /** For messages, such as `OTLP of default/egress` */
  readonly label: string;
  /** Changes whenever it must be opened anew */
  readonly fingerprint: string;
} & (
  | { readonly kind: "file" }
  | {
      readonly kind: "otlp";
      readonly endpoint: string;
      /** Folder for what this place, and no other, is to get */
      readonly spool: string;
      readonly headers: readonly (readonly [name: string, value: SecretValue])[];
    }
);

/** Names a sink among the places of a process. */
export function sinkKey(gateway: GatewayName, sink: string): string {
  return `${gatewayKey(gateway)}#${sink}`;
}

/** A place that is a receiver. */
export type ReceiverTarget = Extract<RecordTarget, { readonly kind: "otlp" }>;

/** What says of a gateway where its records go. */
export type GatewayPlaces = GatewayName & Pick<GatewaySnapshot, "uid" | "otlp" | "sinks">;

/** Every place that the gateways name, by key: that of a gateway for its receiver, that of a sink for a sink. */
export function recordTargets(
  gateways: readonly GatewayPlaces[],
  credentials: ReadonlyMap<string, SecretValue>,
): ReadonlyMap<string, RecordTarget> {
  const targets = new Map<string, RecordTarget>();
  for (const { namespace, name, uid, otlp, sinks = [] } of gateways) {
    const gateway = { namespace, name };
    const object = { ...gateway, ...(uid !== undefined && { uid }) };
    const key = gatewayKey(gateway);
    if (otlp !== undefined) {
      const exports = exporting(otlp, object, { place: `otlp/${key}`, credentials });
      targets.set(key, { gateway, label: `OTLP of ${key}`, ...exports });
    }
    for (const sink of sinks) {
      const place = sinkKey(gateway, sink.name);
      const named = { gateway, sink: sink.name, label: `sink ${sink.name} of ${key}` };
      targets.set(
        place,
        sink.kind === "file"
          ? { ...named, kind: "file", fingerprint: "file" }
          : {
              ...named,
              ...exporting(
                sink,
                { ...object, sink: sink.name },
                { place: `sink/${key}/${sink.name}`, credentials },
              ),
            },
      );
    }
  }
  return targets;
}

function exporting(
  { endpoint, headerNames }: { readonly endpoint: string; readonly headerNames: readonly string[] },
  object: Omit<SpoolPlace, "endpoint" | "headers">,
  {
    place,
    credentials,
  }: { readonly place: string; readonly credentials: ReadonlyMap<string, SecretValue> },
) {
  const headers = headerNames.flatMap((header) => {
    const value = credentials.get(`${place}/${header}`);
    return value === undefined ? [] : [[header, value] as const];
  });
  const spool = spoolFolder({
    ...object,
    endpoint,
    headers: headers.map(toPlace).toSorted(byName),
  });
  const versions = headers.map(([name, value]) => [name, value.version]);
  return {
    kind: "otlp",
    endpoint,
    spool,
    headers,
    fingerprint: JSON.stringify([endpoint, spool, versions]),
  } as const;
}

/** A header as part of a place; what may be a credential is there by its name alone. */
function toPlace([header, value]: readonly [string, SecretValue]): PlaceHeader {
  const name = header.toLowerCase();
  return [name, isRedactedHeader(name) || isSecretName(name) ? null : value.reveal()];
}

function byName([one]: PlaceHeader, [other]: PlaceHeader): number {
  return one < other ? -1 : 1;
}
