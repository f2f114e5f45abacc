/** Objects of the API server with what gateways know of them, such as tiers, addresses and the health of backends. */
import type { ServedObject } from "../../gateway/control-api.ts";
import { mapOf, mapsOf, textOf } from "./json-parts.ts";
import type { ObjectRow } from "./object-reads.ts";
import { keyOf, namespaceOf, shownForm } from "./stored-object.ts";

/** What is joined to the rows. */
export interface ServedJoin {
  readonly served: readonly ServedObject[];
  /** Only what is in it; all when empty */
  readonly namespace: string;
  /** Whether what gateways have and the server has not is shown too: Secrets of options and files */
  readonly addsOthers: boolean;
}

/** The rows in the form in which gateways tell objects; a gateway's findings count before those of the stored status. */
export function joinServed(
  rows: readonly ObjectRow[],
  { served, namespace, addsOthers }: ServedJoin,
): readonly ServedObject[] {
  const byKey = new Map(served.map((one) => [keyOfServed(one), one]));
  const joined = rows.map((row) => joinOne(row, byKey.get(keyOf(row.object))));
  if (!addsOthers) return joined;
  const stored = new Set(rows.map(({ object }) => keyOf(object)));
  const others = [...byKey.values()].filter(
    (one) =>
      !stored.has(keyOfServed(one)) &&
      (namespace === "" || one.object.metadata.namespace === namespace),
  );
  return [...joined, ...others];
}

function joinOne({ object }: ObjectRow, served: ServedObject | undefined): ServedObject {
  const shown = shownForm(object);
  const status = mapOf(shown["status"]);
  const metadata = { ...mapOf(shown["metadata"]), name: object.metadata.name };
  const whole = {
    ...shown,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { ...metadata, namespace: namespaceOf(object) },
  };
  if (served === undefined) {
    const conditions = mapsOf(status["conditions"]).map((one) => ({
      type: textOf(one["type"]),
      status: textOf(one["status"]),
      reason: textOf(one["reason"]),
      message: textOf(one["message"]),
    }));
    return { object: whole, conditions, source: "" };
  }
  return { ...served, object: { ...whole, status: { ...status, ...mapOf(served.object.status) } } };
}

function keyOfServed({ object }: ServedObject): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}
