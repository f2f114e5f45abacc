/**
 * All reconcilers of a control process: they follow the store, and work on what a change may matter to. Nothing is
 * polled; what goes by time (a worker that is not heard) is timed.
 */
import { AGENT_LABELS, agentKinds, isAgentKind } from "../../crds/agent-labels.ts";
import type { Clock } from "../../gateway/clock.ts";
import type { Logger } from "../../gateway/log.ts";
import { isRecord } from "../apiserver/kube-object.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import { ObjectDeleter } from "../apiserver/object-deleter.ts";
import type { ObjectChange, ObjectStore } from "../apiserver/object-store.ts";
import { ObjectWriter } from "../apiserver/object-writer.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import { statusIn } from "../objects/status-change.ts";
import type { ActiveExecutions, AgentName } from "./active-executions.ts";
import { AgentReconciler } from "./agent-reconciler.ts";
import { PoolReconciler } from "./pool-reconciler.ts";
import type { ReconcilerParts } from "./reconciler-parts.ts";
import { resourceOf } from "./reconciler-parts.ts";
import { RevisionReconciler } from "./revision-reconciler.ts";
import { WorkQueue } from "./work-queue.ts";
import { WorkerDirectory } from "./worker-directory.ts";

/** What they work with. */
export interface ReconcilersOptions {
  /** Not theirs: close it afterwards */
  readonly store: ObjectStore;
  readonly resources: readonly ServedResource[];
  /** Absent: what workers say counts as the number of executions */
  readonly executions?: ActiveExecutions;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Counts that change with every call are gathered for this long in `ms`, so that calls do not become writes. */
const gatherMs = 250;

const revisionKind = "AgentSandboxRevision";

/** The running reconcilers: they begin at once with all that is stored. */
export class Reconcilers {
  /** What workers last said; for whoever sends them calls */
  readonly directory: WorkerDirectory;
  readonly #store: ObjectStore;
  readonly #kinds: ReadonlyMap<string, ServedResource>;
  readonly #agents: WorkQueue;
  readonly #revisions: WorkQueue;
  readonly #pools: WorkQueue;
  readonly #unsubscribe: () => void;
  readonly #unfollow: () => void;

  constructor(options: ReconcilersOptions) {
    const { store, resources, executions, clock, log } = options;
    this.#store = store;
    const followed = [...agentKinds, revisionKind, "WorkerPool", "EgressGateway"];
    this.#kinds = new Map(
      followed.map((kind) => resourceOf(resources, kind)).map((one) => [one.storage, one]),
    );
    this.directory = new WorkerDirectory(clock);
    const parts = {
      ...{ store, resources, clock, directory: this.directory },
      writer: new ObjectWriter(store, clock),
    };
    const deleter = new ObjectDeleter(store, clock);
    const agents = new AgentReconciler({ ...parts, deleter, ...(executions && { executions }) });
    const pools = new PoolReconciler({ ...parts, ...(executions && { executions }) });
    this.#agents = new WorkQueue({
      ...{ name: "agent", clock, log },
      work: (key) => agents.reconcile(readAgentKey(key)),
    });
    this.#revisions = this.#openRevisions(parts, log);
    this.#pools = new WorkQueue({
      ...{ name: "WorkerPool", clock, log },
      work: (key) => pools.reconcile(readKey(key)),
    });
    this.#unsubscribe = store.subscribe((changes) => this.#follow(changes));
    this.#unfollow =
      executions?.subscribe((agent) =>
        agent === undefined ? this.#addCounted() : this.#addCount(agent),
      ) ?? (() => {});
    this.#begin();
  }

  /** Objects whose last try failed; they are tried again */
  get failing(): number {
    return this.#agents.failing + this.#revisions.failing + this.#pools.failing;
  }

  /** Resolves when nothing is left to do but what is timed. */
  async idle(): Promise<void> {
    const queues = [this.#agents, this.#revisions, this.#pools];
    do {
      await Promise.all(queues.map((queue) => queue.idle()));
    } while (queues.some(({ size }) => size > 0));
  }

  /** Ends after what is worked on now; safe to call again. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#unfollow();
    await Promise.all([this.#agents.close(), this.#revisions.close(), this.#pools.close()]);
  }

  #openRevisions(parts: ReconcilerParts, log: Logger): WorkQueue {
    const revisions = new RevisionReconciler(parts);
    const queue: WorkQueue = new WorkQueue({
      ...{ name: revisionKind, clock: parts.clock, log },
      work: async (key) => {
        const againMs = await revisions.reconcile(readKey(key));
        const pool = this.directory.poolOf(key);
        if (pool !== undefined) this.#pools.addAfter(pool, gatherMs);
        if (againMs !== undefined) queue.addAfter(key, againMs);
      },
    });
    return queue;
  }

  #addCount(agent: AgentName): void {
    const { kind, namespace, name } = agent;
    this.#agents.addAfter(`${kind}/${namespace}/${name}`, gatherMs);
    for (const { pool } of this.directory.revisionsOfAgent(agent)) {
      this.#pools.addAfter(pool, gatherMs);
    }
  }

  /** All whose number may be another one. */
  #addCounted(): void {
    for (const resource of this.#kinds.values()) {
      if (resource.kind !== "TaskAgent" && resource.kind !== "WorkerPool") continue;
      for (const { text } of this.#store.reader.each({ resource: resource.storage })) {
        this.#addOwn(JSON.parse(text));
      }
    }
  }

  #begin(): void {
    for (const resource of this.#kinds.values()) {
      if (resource.kind === "EgressGateway") continue;
      for (const { text } of this.#store.reader.each({ resource: resource.storage })) {
        const object: KubeObject = JSON.parse(text);
        if (object.kind === revisionKind) this.directory.take(object);
        this.#addOwn(object);
      }
    }
  }

  #follow(changes: readonly ObjectChange[]): void {
    const named = new NamedObjects();
    for (const change of changes) {
      const resource = this.#kinds.get(change.resource);
      if (resource === undefined) continue;
      const { object, previous } = change;
      switch (resource.kind) {
        case "WorkerPool":
        case "EgressGateway":
          if (resource.kind === "WorkerPool") this.#addOwn(object);
          if (change.change !== "MODIFIED") named.add(object);
          break;
        case revisionKind:
          this.#followRevision(change);
          break;
        default:
          this.#addOwn(object);
          this.#addNamedRevisions(object, previous);
          if (change.change === "DELETED") this.#agents.forget(agentKey(object));
      }
    }
    this.#addAgentsThatName(named);
  }

  #followRevision({ object, previous, change }: ObjectChange): void {
    const key = keyOfObject(object);
    const pool = this.directory.poolOf(key);
    if (change === "DELETED") {
      this.directory.forget(key);
      this.#revisions.forget(key);
    } else {
      const isNews = this.directory.take(object);
      const isOther = previous === undefined || hasOtherContent(object, previous);
      if (!isNews && !isOther) return;
      this.#revisions.add(key);
    }
    if (pool !== undefined) this.#pools.addAfter(pool, gatherMs);
    this.#addOwner(object, previous);
  }

  /** At once where it becomes ready or is new or gone; the rest are counts. */
  #addOwner(revision: KubeObject, previous: KubeObject | undefined): void {
    const { namespace = "", labels = {} } = revision.metadata;
    const kind = labels[AGENT_LABELS.agentKind];
    const name = labels[AGENT_LABELS.agent];
    if (kind === undefined || name === undefined || !isAgentKind(kind)) return;
    const key = `${kind}/${namespace}/${name}`;
    const isSameReadiness =
      previous !== undefined &&
      statusIn(previous)["readyWorkers"] === statusIn(revision)["readyWorkers"];
    if (isSameReadiness) this.#agents.addAfter(key, gatherMs);
    else this.#agents.add(key);
  }

  #addOwn(object: KubeObject): void {
    if (object.kind === revisionKind) this.#revisions.add(keyOfObject(object));
    else if (object.kind === "WorkerPool") this.#pools.add(keyOfObject(object));
    else this.#agents.add(agentKey(object));
  }

  /** Which revision is current has changed. */
  #addNamedRevisions(agent: KubeObject, previous: KubeObject | undefined): void {
    const after = revisionNames(agent);
    const before = previous === undefined ? new Set<string>() : revisionNames(previous);
    for (const name of after.symmetricDifference(before)) {
      this.#revisions.add(`${agent.metadata.namespace ?? ""}/${name}`);
    }
  }

  #addAgentsThatName(named: NamedObjects): void {
    for (const namespace of named.namespaces()) {
      for (const kind of agentKinds) {
        const resource = [...this.#kinds.values()].find((one) => one.kind === kind);
        if (resource === undefined) continue;
        const query = { resource: resource.storage, namespace };
        for (const { text } of this.#store.reader.each(query)) {
          const agent: KubeObject = JSON.parse(text);
          if (named.isNamedBy(agent)) this.#addOwn(agent);
        }
      }
    }
  }
}

/** Pools and gateways that came or went. */
class NamedObjects {
  readonly #pools = new Map<string, Set<string>>();
  readonly #gateways = new Map<string, Set<string>>();

  add({ kind, metadata }: KubeObject): void {
    const { namespace = "", name } = metadata;
    const names = kind === "WorkerPool" ? this.#pools : this.#gateways;
    const known = names.get(namespace) ?? new Set();
    names.set(namespace, known.add(name));
  }

  namespaces(): Iterable<string> {
    return new Set([...this.#pools.keys(), ...this.#gateways.keys()]);
  }

  isNamedBy({ spec, metadata }: KubeObject): boolean {
    if (!isRecord(spec)) return false;
    const { namespace = "" } = metadata;
    const { workerPoolRef, egressRefs } = spec;
    if (this.#pools.get(namespace)?.has(String(workerPoolRef))) return true;
    const gateways = this.#gateways.get(namespace);
    if (gateways === undefined || !Array.isArray(egressRefs)) return false;
    return egressRefs.some((one) => isRecord(one) && gateways.has(String(one["gatewayRef"])));
  }
}

function revisionNames(agent: KubeObject): ReadonlySet<string> {
  const { latestCreatedRevisionName, latestReadyRevisionName } = statusIn(agent);
  const names = [latestCreatedRevisionName, latestReadyRevisionName];
  return new Set(names.filter((name) => typeof name === "string"));
}

/** Whether more than `status.workers` differs: those are compared by the directory. */
function hasOtherContent(object: KubeObject, previous: KubeObject): boolean {
  const rest = (one: KubeObject) => {
    const { workers: _, ...status } = statusIn(one);
    const { managedFields: __, resourceVersion: ___, ...metadata } = one.metadata;
    return JSON.stringify({ ...one, metadata, status });
  };
  return rest(object) !== rest(previous);
}

function agentKey({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
}

function keyOfObject({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function readAgentKey(key: string) {
  const [kind = "", namespace = "", name = ""] = key.split("/");
  if (!isAgentKind(kind)) throw new TypeError(`Cannot reconcile "${key}": it is no agent`);
  return { kind, namespace, name };
}

function readKey(key: string): { readonly namespace: string; readonly name: string } {
  const [namespace = "", name = ""] = key.split("/");
  return { namespace, name };
}
