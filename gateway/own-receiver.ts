/** The OTLP receiver that an EgressGateway names for itself, as its object says it: no rule and no sink takes part. */
import type { EgressGateway } from "../crds/egress-gateway.ts";
import type { ReceiverTarget } from "./record-targets.ts";
import { recordTargets } from "./record-targets.ts";
import { SecretValue } from "./secret-value.ts";
import type { OtlpTarget } from "./snapshot.ts";
import { gatewayKey } from "./snapshot.ts";

/** What an object says of it. */
export interface OwnReceiver {
  readonly target: OtlpTarget;
  /** Values of its headers under `otlp/<namespace>/<gateway>/<header>` */
  readonly credentials: ReadonlyMap<string, SecretValue>;
  /** Headers that are there more than once, by letter case: the first counts */
  readonly repeated: readonly string[];
}

/** Reads `spec.otlp`; undefined where it names no endpoint. */
export function readOwnReceiver({ metadata, spec }: EgressGateway): OwnReceiver | undefined {
  const { endpoint, headers } = spec.otlp ?? {};
  if (endpoint === undefined) return undefined;
  const values = new Map<string, string>();
  const repeated: string[] = [];
  for (const [written, value] of Object.entries(headers ?? {}).toSorted(byName)) {
    const header = written.toLowerCase();
    if (values.has(header)) repeated.push(header);
    else values.set(header, value);
  }
  const place = `otlp/${gatewayKey(metadata)}`;
  const credentials = [...values].map(
    ([header, value]) => [`${place}/${header}`, new SecretValue(value)] as const,
  );
  return {
    target: { endpoint, headerNames: [...values.keys()].toSorted() },
    credentials: new Map(credentials),
    repeated,
  };
}

/** The receiver as a place with a folder for its spool, the same as `recordTargets()` gives; undefined for none. */
export function ownReceiverTarget(gateway: EgressGateway): ReceiverTarget | undefined {
  const receiver = readOwnReceiver(gateway);
  if (receiver === undefined) return undefined;
  const { namespace, name, uid } = gateway.metadata;
  const places = { namespace, name, otlp: receiver.target, ...(uid !== undefined && { uid }) };
  const target = recordTargets([places], receiver.credentials).get(gatewayKey(places));
  return target?.kind === "otlp" ? target : undefined;
}

function byName([left]: readonly [string, string], [right]: readonly [string, string]): number {
  return left < right ? -1 : 1;
}
