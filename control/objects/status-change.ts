/** One write of a `status`, whoever finds it out: a gateway's report or a reconciler. What says the same is not written. */
import type { Condition } from "../../crds/conditions.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import { isRecord } from "../apiserver/kube-object.ts";
import type { StoreTransaction } from "../apiserver/object-store.ts";
import type { ObjectWriter, WriteOptions } from "../apiserver/object-writer.ts";
import { keyOf } from "../apiserver/object-writer.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import { StatusError } from "../apiserver/status-error.ts";

/** A status that is to be another one. */
export interface StatusChange {
  readonly resource: ServedResource;
  readonly namespace: string;
  readonly name: string;
  /** Whose the fields of `status` become */
  readonly manager: string;
  /** The whole new status, made of the object as it is at that moment; what others wrote into it has to be in it */
  readonly status: (current: KubeObject) => object;
}

/** Writes a status within a transaction. An object that is gone is left alone. Gives the object as it is then. */
export function changeStatusIn(
  transaction: StoreTransaction,
  writer: ObjectWriter,
  change: StatusChange,
): KubeObject | undefined {
  const { resource, namespace, name } = change;
  if (transaction.find(keyOf(resource, { namespace, name })) === undefined) return undefined;
  return writer.changeIn(transaction, requestOf(change), optionsOf(change)).object;
}

/** Writes a status; resolves when the disk has it. An object that is gone is left alone. */
export async function changeStatus(writer: ObjectWriter, change: StatusChange): Promise<void> {
  try {
    await writer.change(requestOf(change), optionsOf(change));
  } catch (error) {
    if (error instanceof StatusError && error.code === 404) return;
    throw error;
  }
}

/** The status of an object; empty where it has none. */
export function statusIn({ status }: KubeObject): Readonly<Record<string, unknown>> {
  return isRecord(status) ? status : {};
}

/** The conditions of a status that only this server's checks have let in. */
export function conditionsIn(status: Readonly<Record<string, unknown>>): readonly Condition[] {
  const conditions = status["conditions"];
  return Array.isArray(conditions) ? (conditions as readonly Condition[]) : [];
}

function requestOf({ resource, namespace, name, status }: StatusChange) {
  return {
    ...{ resource, namespace, name },
    change: (current: KubeObject | undefined) => current && { ...current, status: status(current) },
  };
}

function optionsOf({ manager }: StatusChange): WriteOptions {
  return { dryRun: false, validation: "Ignore", manager, subresource: "status" };
}
