/**
 * Ends what is to end: objects whose owners are gone, dependents of owners that are deleted in the foreground, owner
 * references of those that leave orphans, what is in a namespace that is deleted, and old Events. Level-triggered: it
 * looks at what is stored, so a crash at any point loses nothing but time.
 */
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import { namespaceFinalizer, namespaceResource } from "./core-resources.ts";
import { isRecord, withMetadata } from "./kube-object.ts";
import type { KubeObject, OwnerReference } from "./kube-object.ts";
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from "./object-deleter.ts";
import type { ObjectDeleter } from "./object-deleter.ts";
import type { ObjectKey } from "./object-reader.ts";
import type { ObjectChange, ObjectStore, StoreTransaction } from "./object-store.ts";
import { waitsForFinalizers } from "./object-writer.ts";
import type { ResourceRegistry } from "./resource-registry.ts";
import { StatusError } from "./status-error.ts";

/** What a collector works with. */
export interface GarbageCollectorOptions {
  readonly store: ObjectStore;
  readonly deleter: ObjectDeleter;
  readonly resources: ResourceRegistry;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long Events are kept in `ms`; default an hour, as in Kubernetes */
  readonly eventLifeMs?: number;
}

/** Objects that are looked at in one go, so that requests get their turn. */
const pageSize = 200;

const hourMs = 3_600_000;
const sweepEveryMs = 60_000;

/** See the file; `close()` it before the store. */
export class GarbageCollector {
  readonly #options: GarbageCollectorOptions;
  readonly #unsubscribe: () => void;
  #timer: TimerHandle | undefined;
  #round: Promise<void> | undefined;
  #isDue = true;
  #closed = false;

  /** Begins at once with what an earlier process left undone. */
  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
    this.#unsubscribe = options.store.subscribe((changes) => {
      if (changes.some(mayLeaveWork)) this.#schedule();
    });
    this.#schedule();
    this.#armSweep();
  }

  /** Resolves when nothing is left to do that it knows of. */
  async idle(): Promise<void> {
    while (this.#round !== undefined) await this.#round;
  }

  /** Ends after what it is at; safe to call again. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    this.#options.clock.clearTimeout(this.#timer);
    await this.idle();
  }

  #schedule(): void {
    this.#isDue = true;
    if (this.#round !== undefined || this.#closed) return;
    this.#round = this.#work()
      .catch((error: unknown) => {
        this.#options.log.error("Cannot collect garbage", { error: describeError(error) });
      })
      .finally(() => {
        this.#round = undefined;
        if (this.#isDue && !this.#closed) this.#schedule();
      });
  }

  async #work(): Promise<void> {
    this.#isDue = false;
    const { reader } = this.#options.store;
    await this.#eachPage(
      (after) => reader.deleting(after, pageSize),
      (key) => this.#finish(key),
    );
    await this.#eachPage(
      (after) => reader.withAbsentOwner(after, pageSize),
      (key) => this.#judgeDependent(key),
    );
  }

  async #eachPage(
    read: (after: ObjectKey | undefined) => readonly ObjectKey[],
    act: (key: ObjectKey) => Promise<void>,
  ): Promise<void> {
    let after: ObjectKey | undefined;
    while (!this.#closed) {
      const page = read(after);
      await Promise.all(page.map((key) => this.#skipRefused(key, () => act(key))));
      after = page.at(-1);
      if (page.length < pageSize) return;
    }
  }

  /** One object that must stay does not keep all others: its refusal is logged, and the next is looked at. */
  async #skipRefused(key: ObjectKey, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      // What the server itself cannot do, such as writing to a full disk, it can do for no object.
      if (!(error instanceof StatusError) || error.code >= 500) throw error;
      // Somebody else was faster: what is there now is looked at when it changes.
      if (error.code === 404 || error.code === 409) return;
      this.#options.log.warn("Cannot collect an object", { ...key, error: describeError(error) });
    }
  }

  /** Takes an object that is being deleted one step further. */
  async #finish(key: ObjectKey): Promise<void> {
    const { store } = this.#options;
    const state = store.reader.find(key);
    if (state === undefined) return;
    const object: KubeObject = JSON.parse(state.text);
    const { finalizers = [] } = object.metadata;
    if (key.resource === namespaceResource.storage) await this.#emptyNamespace(key);
    if (finalizers.includes(ORPHAN_FINALIZER)) await this.#leaveOrphans(key, object);
    if (finalizers.includes(FOREGROUND_FINALIZER)) await this.#deleteDependents(key, object);
  }

  async #emptyNamespace(key: ObjectKey): Promise<void> {
    const { store } = this.#options;
    const inside = store.reader.inNamespace(key.name, pageSize);
    await Promise.all(inside.map((one) => this.#delete(one, "Background")));
    await store.write((transaction) => {
      const namespace = transaction.find(key);
      if (namespace === undefined || transaction.hasObjectsIn(key.name)) return;
      const { spec } = namespace;
      const listed = isRecord(spec) ? spec["finalizers"] : [];
      const finalizers = Array.isArray(listed)
        ? listed.filter((one) => one !== namespaceFinalizer)
        : [];
      settle(transaction, key, {
        ...namespace,
        spec: finalizers.length === 0 ? {} : { finalizers },
      });
    });
  }

  async #leaveOrphans(key: ObjectKey, owner: KubeObject): Promise<void> {
    const { store } = this.#options;
    const { uid = "" } = owner.metadata;
    const dependents = store.reader.dependentsOf(uid, pageSize);
    await Promise.all(dependents.map((one) => this.#dropOwners(one, (owned) => owned.uid === uid)));
    await this.#dropFinalizerWhenDone(key, {
      finalizer: ORPHAN_FINALIZER,
      isDone: (transaction) => transaction.dependentsOf(uid, 1).length === 0,
    });
  }

  async #deleteDependents(key: ObjectKey, owner: KubeObject): Promise<void> {
    const { store } = this.#options;
    const { uid = "" } = owner.metadata;
    for (const dependent of store.reader.dependentsOf(uid, pageSize)) {
      const state = store.reader.find(dependent);
      const object: KubeObject | undefined = state && JSON.parse(state.text);
      if (object === undefined || object.metadata.deletionTimestamp !== undefined) continue;
      const isOwner = store.reader.dependentsOf(object.metadata.uid ?? "", 1).length > 0;
      await this.#delete(dependent, isOwner ? "Foreground" : "Background");
    }
    await this.#dropFinalizerWhenDone(key, {
      finalizer: FOREGROUND_FINALIZER,
      isDone: (transaction) => {
        return !transaction.dependentsOf(uid, pageSize).some((dependent) => {
          const owners = transaction.find(dependent)?.metadata.ownerReferences ?? [];
          return owners.some((one) => one.uid === uid && one.blockOwnerDeletion === true);
        });
      },
    });
  }

  async #judgeDependent(key: ObjectKey): Promise<void> {
    const { store, resources } = this.#options;
    const state = store.reader.find(key);
    if (state === undefined) return;
    const object: KubeObject = JSON.parse(state.text);
    const owners = object.metadata.ownerReferences ?? [];
    // Whether an owner of a kind that is not stored here exists, nobody here can tell: then it counts as there.
    const isStored = ({ apiVersion, kind }: OwnerReference) => {
      const resource = resources.findKind(apiVersion, kind);
      return resource !== undefined && resource.source === undefined;
    };
    const isAbsent = (owner: OwnerReference) => isStored(owner) && !store.reader.hasUid(owner.uid);
    const absent = owners.filter(isAbsent);
    if (absent.length === 0 || object.metadata.deletionTimestamp !== undefined) return;
    if (absent.length === owners.length) await this.#delete(key, "Background", object.metadata.uid);
    else await this.#dropOwners(key, isAbsent);
  }

  async #dropOwners(key: ObjectKey, isDropped: (owner: OwnerReference) => boolean): Promise<void> {
    await this.#options.store.write((transaction) => {
      const object = transaction.find(key);
      const owners = object?.metadata.ownerReferences ?? [];
      const left = owners.filter((owner) => !isDropped(owner));
      if (object === undefined || left.length === owners.length) return;
      const ownerReferences = left.length === 0 ? undefined : left;
      transaction.put(key, withMetadata(object, { ownerReferences }));
    });
  }

  async #dropFinalizerWhenDone(key: ObjectKey, end: FinalizerEnd): Promise<void> {
    await this.#options.store.write((transaction) => {
      const object = transaction.find(key);
      const finalizers = object?.metadata.finalizers ?? [];
      if (object === undefined || !finalizers.includes(end.finalizer) || !end.isDone(transaction))
        return;
      const left = finalizers.filter((one) => one !== end.finalizer);
      settle(
        transaction,
        key,
        withMetadata(object, { finalizers: left.length === 0 ? undefined : left }),
      );
    });
  }

  async #delete(
    key: ObjectKey,
    propagationPolicy: "Background" | "Foreground",
    uid?: string,
  ): Promise<void> {
    const { deleter, resources, log } = this.#options;
    const resource = resources.findStorage(key.resource);
    if (resource === undefined) {
      // Written by a release that knew more kinds; what is not understood is not deleted.
      log.warn("Cannot delete a dependent: its kind is not served", { resource: key.resource });
      return;
    }
    const preconditions = uid === undefined ? {} : { uid };
    await this.#skipRefused(key, () =>
      deleter.delete(resource, key, { propagationPolicy, preconditions, dryRun: false }),
    );
  }

  #armSweep(): void {
    const { clock } = this.#options;
    this.#timer = clock.setTimeout(() => {
      void this.#sweepEvents()
        .catch((error: unknown) => {
          this.#options.log.error("Cannot remove old events", { error: describeError(error) });
        })
        .finally(() => {
          if (!this.#closed) this.#armSweep();
        });
    }, sweepEveryMs);
    this.#timer.unref();
  }

  async #sweepEvents(): Promise<void> {
    const { store, clock, eventLifeMs = hourMs } = this.#options;
    let after: { namespace: string; name: string } | undefined;
    for (;;) {
      const page = store.reader.list({
        resource: "events",
        limit: pageSize,
        ...(after && { after }),
      });
      const old = page.filter(({ text }) => {
        const event: KubeObject = JSON.parse(text);
        const seen =
          event["lastTimestamp"] ?? event["eventTime"] ?? event.metadata.creationTimestamp;
        return Date.parse(String(seen)) + eventLifeMs <= clock.now();
      });
      await Promise.all(old.map((key) => this.#delete(key, "Background")));
      after = page.at(-1);
      if (page.length < pageSize || this.#closed) return;
    }
  }
}

interface FinalizerEnd {
  readonly finalizer: string;
  readonly isDone: (transaction: StoreTransaction) => boolean;
}

function mayLeaveWork({ change, object }: ObjectChange): boolean {
  if (change === "DELETED" || object.metadata.deletionTimestamp !== undefined) return true;
  return object.metadata.ownerReferences !== undefined;
}

/** Stores an object that is being deleted, or removes it when nothing holds it any more. */
function settle(transaction: StoreTransaction, key: ObjectKey, object: KubeObject): void {
  if (waitsForFinalizers(object)) transaction.put(key, object);
  else transaction.remove(key, object);
}
