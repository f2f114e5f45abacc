/** Reconcilers over a real store, with the collector that the API server has; nothing listens. */
import { join } from "node:path";
import type { Test } from "tap";
import type { Clock } from "../../../gateway/clock.ts";
import { systemClock } from "../../../gateway/clock.ts";
import { silentLogger } from "../../../gateway/log.ts";
import { allResources } from "../../apiserver/all-resources.ts";
import { GarbageCollector } from "../../apiserver/garbage-collector.ts";
import { ensureNamespaces } from "../../apiserver/initial-objects.ts";
import type { KubeObject } from "../../apiserver/kube-object.ts";
import { ObjectDeleter } from "../../apiserver/object-deleter.ts";
import type { ObjectStore } from "../../apiserver/object-store.ts";
import { openObjectStore } from "../../apiserver/object-store.ts";
import { ObjectWriter, keyOf } from "../../apiserver/object-writer.ts";
import { createResourceRegistry } from "../../apiserver/resource-registry.ts";
import type { ActiveExecutions } from "../active-executions.ts";
import { Reconcilers } from "../reconcilers.ts";
import { resourceOf } from "../reconciler-parts.ts";

const resources = allResources();
const byHand = { dryRun: false, validation: "Strict", manager: "by-hand" } as const;

/** One worker as it writes itself into the status of a revision. */
export interface WorkerEntry {
  readonly podName: string;
  readonly imagePulled: boolean;
  readonly endpoint?: string;
  readonly warmCount?: number;
  readonly activeExecutions?: number;
  readonly lastHeartbeat?: string;
}

/** An object as a user writes it. */
export function objectOf(
  kind: string,
  name: string,
  spec: object,
  namespace = "default",
): KubeObject {
  return { apiVersion: "clrk.apoxy.dev/v1alpha1", kind, metadata: { name, namespace }, spec };
}

/** A TaskAgent of pool `pool`. */
export function taskAgent(name: string, spec: object = {}, namespace = "default"): KubeObject {
  const template = { spec: { image: "agent:1" } };
  return objectOf("TaskAgent", name, { template, workerPoolRef: "pool", ...spec }, namespace);
}

/** A pool of one worker. */
export function workerPool(name = "pool", spec: object = {}, namespace = "default"): KubeObject {
  return objectOf("WorkerPool", name, { template: { image: "worker:1" }, ...spec }, namespace);
}

/** The store and what is done with it. */
export class ReconcilerRig {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly writer: ObjectWriter;
  readonly deleter: ObjectDeleter;
  readonly collector: GarbageCollector;
  /** Writes of each object since the begin, by `Kind/namespace/name` */
  readonly writes = new Map<string, number>();

  constructor(t: Pick<Test, "testdir" | "teardown">, clock: Clock = systemClock) {
    this.clock = clock;
    this.store = openObjectStore({ file: join(t.testdir(), "objects.db") });
    this.writer = new ObjectWriter(this.store, clock);
    this.deleter = new ObjectDeleter(this.store, clock);
    this.collector = new GarbageCollector({
      ...{ store: this.store, deleter: this.deleter, clock, log: silentLogger },
      resources: createResourceRegistry(resources),
    });
    this.store.subscribe((changes) => {
      for (const { object } of changes) {
        const key = `${object.kind}/${object.metadata.namespace}/${object.metadata.name}`;
        this.writes.set(key, (this.writes.get(key) ?? 0) + 1);
      }
    });
    t.teardown(async () => {
      await this.collector.close();
      this.store.close();
    });
  }

  /** Opens one whose `default` namespace is there. */
  static async open(
    t: Pick<Test, "testdir" | "teardown">,
    clock: Clock = systemClock,
  ): Promise<ReconcilerRig> {
    const rig = new ReconcilerRig(t, clock);
    await ensureNamespaces(rig.writer);
    return rig;
  }

  /** Starts reconcilers; they end with the test, or when they are closed. */
  start(t: Pick<Test, "teardown">, executions?: ActiveExecutions): Reconcilers {
    const reconcilers = new Reconcilers({
      ...{ store: this.store, resources, clock: this.clock, log: silentLogger },
      ...(executions && { executions }),
    });
    t.teardown(() => reconcilers.close());
    return reconcilers;
  }

  /** Creates the object, or gives it the spec. */
  async apply(object: KubeObject): Promise<KubeObject> {
    const { kind, metadata, spec } = object;
    const { name, namespace = "default" } = metadata;
    const resource = resourceOf(resources, kind);
    const change = (current: KubeObject | undefined) =>
      current === undefined ? object : { ...current, spec };
    return (await this.writer.change({ resource, namespace, name, change }, byHand)).object;
  }

  /** Writes the workers of a revision as they would, and nothing else of its status. */
  async report(revision: string, workers: readonly WorkerEntry[], namespace = "default") {
    await this.writeStatus("AgentSandboxRevision", revision, { workers }, namespace);
  }

  /** Merges fields into a status; null takes one away. */
  async writeStatus(kind: string, name: string, fields: object, namespace = "default") {
    const resource = resourceOf(resources, kind);
    const change = (current: KubeObject | undefined) =>
      current && { ...current, status: mergeFields(current["status"], fields) };
    await this.writer.change(
      { resource, namespace, name, change },
      { ...byHand, manager: "worker", subresource: "status" },
    );
  }

  /** Deletes it as a user does. */
  async remove(kind: string, name: string, namespace = "default"): Promise<void> {
    const place = { namespace, name };
    await this.deleter.delete(resourceOf(resources, kind), place, {
      ...{ dryRun: false, propagationPolicy: "Background" },
    });
  }

  /** The object as it is stored. */
  find(kind: string, name: string, namespace = "default"): KubeObject | undefined {
    const state = this.store.reader.find(keyOf(resourceOf(resources, kind), { name, namespace }));
    return state === undefined ? undefined : JSON.parse(state.text);
  }

  /** Its status, read as whatever it is. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever JSON comes
  status(kind: string, name: string, namespace = "default"): any {
    return this.find(kind, name, namespace)?.["status"] ?? {};
  }

  /** `Type: Reason` of each condition. */
  reasons(kind: string, name: string, namespace = "default"): readonly string[] {
    const { conditions = [] } = this.status(kind, name, namespace);
    return conditions.map((one: { type: string; reason: string }) => `${one.type}: ${one.reason}`);
  }

  /** Names of all revisions, sorted. */
  revisions(namespace?: string): readonly string[] {
    const resource = resourceOf(resources, "AgentSandboxRevision").storage;
    const query = { resource, ...(namespace !== undefined && { namespace }) };
    return [...this.store.reader.each(query)].map(({ name }) => name);
  }
}

function mergeFields(status: unknown, fields: object): object {
  const merged = Object.entries({ ...Object(status), ...fields });
  return Object.fromEntries(merged.filter(([, value]) => value !== null));
}
