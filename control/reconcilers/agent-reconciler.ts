/**
 * From a TaskAgent or DaemonAgent to its AgentSandboxRevisions and its status. All of one look is one transaction: what
 * is found, what is created or collected, and what the status says of it cannot disagree.
 */
import type { AgentKind } from "../../crds/agent-labels.ts";
import type { DaemonAgent } from "../../crds/daemon-agent.ts";
import { daemonAgentKind } from "../../crds/daemon-agent.ts";
import type { TaskAgent } from "../../crds/task-agent.ts";
import { taskAgentKind } from "../../crds/task-agent.ts";
import { wholeSeconds } from "../apiserver/apply/system-fields.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import type { ObjectDeleter } from "../apiserver/object-deleter.ts";
import type { StoreTransaction } from "../apiserver/object-store.ts";
import { keyOf } from "../apiserver/object-writer.ts";
import { StatusError } from "../apiserver/status-error.ts";
import { changeStatusIn, statusIn } from "../objects/status-change.ts";
import type { ActiveExecutions, AgentName } from "./active-executions.ts";
import type { AgentFindings } from "./agent-status.ts";
import { agentStatus, rejectedAgentStatus } from "./agent-status.ts";
import type { ReconcilerParts } from "./reconciler-parts.ts";
import { controlFieldOwner, resourceOf } from "./reconciler-parts.ts";
import { collectableRevisions } from "./revision-history.ts";
import { controllerOf, planRevision } from "./revision-plan.ts";
import { readWorkers } from "./worker-directory.ts";

/** Most revisions of one agent that are looked at: far more than are kept. */
const mostRevisions = 1_000;

/** What it is made of. */
export interface AgentReconcilerOptions extends ReconcilerParts {
  readonly deleter: ObjectDeleter;
  /** Absent: what workers say counts */
  readonly executions?: ActiveExecutions;
}

/** Reconciles agents of both kinds, one at a time of each name. */
export class AgentReconciler {
  readonly #options: AgentReconcilerOptions;

  constructor(options: AgentReconcilerOptions) {
    this.#options = options;
  }

  /** Makes what the agent wants so; rejects where it cannot, and then may be called again. */
  async reconcile(name: AgentName): Promise<void> {
    const { store } = this.#options;
    // Most looks find nothing to do, and then nothing should wait for the disk.
    const state = store.reader.find(keyOf(this.#resource(name.kind), name));
    if (state === undefined) return;
    await store.write((transaction) => this.#step(transaction, name));
  }

  #step(transaction: StoreTransaction, name: AgentName): void {
    const resource = this.#resource(name.kind);
    const agent = transaction.find(keyOf(resource, name));
    if (agent === undefined || agent.metadata.deletionTimestamp !== undefined) return;
    const parsed = parseAgent(name.kind, agent);
    if (typeof parsed === "string") {
      this.#writeStatus(transaction, name, (current, now) =>
        rejectedAgentStatus(current, parsed, now),
      );
      return;
    }
    const { uid = "", generation = 1 } = agent.metadata;
    const wanted = planRevision(parsed, { uid, generation });
    const created = this.#ensureRevision(transaction, wanted, uid);
    if (created === "refused") return;
    const revisions = this.#revisionsOf(transaction, uid);
    const findings = this.#find(transaction, {
      agent,
      parsed,
      revisions,
      wanted: { name: wanted.metadata.name, isForeign: created === "foreign" },
    });
    const { revision } = findings;
    this.#writeStatus(transaction, name, (current, now) => agentStatus(current, findings, now));
    this.#collect(transaction, revisions, new Set([revision.created, revision.ready ?? ""]));
  }

  #resource(kind: AgentKind | "AgentSandboxRevision" | "WorkerPool" | "EgressGateway") {
    return resourceOf(this.#options.resources, kind);
  }

  #ensureRevision(
    transaction: StoreTransaction,
    wanted: KubeObject,
    uid: string,
  ): "there" | "foreign" | "refused" {
    const { writer } = this.#options;
    const resource = this.#resource("AgentSandboxRevision");
    const found = transaction.find(keyOf(resource, wanted.metadata));
    if (found !== undefined) return controllerOf(found)?.uid === uid ? "there" : "foreign";
    try {
      writer.createIn(transaction, resource, {
        object: wanted,
        options: { dryRun: false, validation: "Strict", manager: controlFieldOwner },
      });
      return "there";
    } catch (error) {
      // The namespace ends, and the agent with it.
      if (error instanceof StatusError && (error.code === 403 || error.code === 404)) {
        return "refused";
      }
      throw error;
    }
  }

  #revisionsOf(transaction: StoreTransaction, uid: string): readonly KubeObject[] {
    const { storage } = this.#resource("AgentSandboxRevision");
    return transaction
      .dependentsOf(uid, mostRevisions)
      .filter(({ resource }) => resource === storage)
      .flatMap((key) => transaction.find(key) ?? [])
      .filter((one) => controllerOf(one)?.uid === uid);
  }

  #find(transaction: StoreTransaction, facts: Facts): AgentFindings {
    const { agent, parsed, revisions, wanted } = facts;
    const { namespace } = parsed.metadata;
    const exists = (kind: "WorkerPool" | "EgressGateway", name: string) =>
      transaction.find(keyOf(this.#resource(kind), { namespace, name })) !== undefined;
    const { workerPoolRef, egressRefs } = parsed.spec;
    const names = egressRefs.map(({ gatewayRef }) => gatewayRef);
    const byName = new Map(revisions.map((one) => [one.metadata.name, one]));
    const isReady = readyWorkersOf(byName.get(wanted.name)) > 0;
    const known = statusIn(agent)["latestReadyRevisionName"];
    const ready = isReady ? wanted.name : typeof known === "string" ? known : "";
    const readyRevision = byName.get(ready);
    return {
      generation: agent.metadata.generation ?? 1,
      pool: { name: workerPoolRef, exists: exists("WorkerPool", workerPoolRef) },
      gateways: {
        named: names.length,
        missing: names.filter((name) => !exists("EgressGateway", name)),
      },
      revision: {
        created: wanted.name,
        isForeign: wanted.isForeign,
        isReady,
        ...(readyRevision !== undefined && { ready }),
      },
      ...(parsed.kind === "TaskAgent" && {
        task: {
          activeExecutions: this.#countActive(parsed, revisions),
          warmSandboxes: this.#countWarm(readyRevision),
        },
      }),
    };
  }

  #countActive({ kind, metadata }: TaskAgent, revisions: readonly KubeObject[]): number {
    const { executions, directory } = this.#options;
    const { namespace, name } = metadata;
    const counted = executions?.count({ kind, namespace, name });
    if (counted !== undefined) return counted;
    const live = revisions.flatMap((one) =>
      directory.liveWorkers(`${namespace}/${one.metadata.name}`),
    );
    return live.reduce((sum, { activeExecutions }) => sum + activeExecutions, 0);
  }

  #countWarm(revision: KubeObject | undefined): number {
    if (revision === undefined) return 0;
    const { namespace = "", name } = revision.metadata;
    const live = new Set(
      this.#options.directory.liveWorkers(`${namespace}/${name}`).map(({ podName }) => podName),
    );
    const workers = readWorkers(revision).filter(({ podName }) => live.has(podName));
    return workers.reduce((sum, { warmCount }) => sum + warmCount, 0);
  }

  #writeStatus(
    transaction: StoreTransaction,
    { kind, namespace, name }: AgentName,
    status: (current: KubeObject, now: string) => object,
  ): void {
    const { writer, clock } = this.#options;
    const now = wholeSeconds(new Date(clock.now()));
    changeStatusIn(transaction, writer, {
      ...{ resource: this.#resource(kind), namespace, name, manager: controlFieldOwner },
      status: (current) => status(current, now),
    });
  }

  #collect(
    transaction: StoreTransaction,
    revisions: readonly KubeObject[],
    kept: ReadonlySet<string>,
  ): void {
    const resource = this.#resource("AgentSandboxRevision");
    for (const { metadata } of collectableRevisions(revisions, kept)) {
      const { name, namespace = "", uid = "" } = metadata;
      this.#options.deleter.deleteIn(transaction, {
        ...{ resource, place: { namespace, name } },
        options: { dryRun: false, propagationPolicy: "Background", preconditions: { uid } },
      });
    }
  }
}

interface Facts {
  readonly agent: KubeObject;
  readonly parsed: TaskAgent | DaemonAgent;
  readonly revisions: readonly KubeObject[];
  readonly wanted: { readonly name: string; readonly isForeign: boolean };
}

function readyWorkersOf(revision: KubeObject | undefined): number {
  return revision === undefined ? 0 : Number(statusIn(revision)["readyWorkers"] ?? 0);
}

/** The agent, or what is wrong with it: it was stored by a release that took more. */
function parseAgent(kind: AgentKind, agent: KubeObject): TaskAgent | DaemonAgent | string {
  const result = kind === "TaskAgent" ? taskAgentKind.parse(agent) : daemonAgentKind.parse(agent);
  if (result.kind === "valid") return result.object;
  return result.problems[0]?.message ?? "The spec cannot be read";
}
