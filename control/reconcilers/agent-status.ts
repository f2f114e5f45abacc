/** The part of an agent's `status` that its reconciler owns, made of what it found. A pure function. */
import type { Condition } from "../../crds/conditions.ts";
import { createCondition, replaceConditions } from "../../crds/conditions.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import { conditionsIn, statusIn } from "../objects/status-change.ts";

/** What was found about an agent. */
export interface AgentFindings {
  readonly generation: number;
  readonly pool: { readonly name: string; readonly exists: boolean };
  readonly gateways: { readonly named: number; readonly missing: readonly string[] };
  readonly revision: {
    readonly created: string;
    readonly isReady: boolean;
    /** The name belongs to an object of somebody else */
    readonly isForeign: boolean;
    /** Newest that a worker can run; absent: there is none */
    readonly ready?: string;
  };
  /** Of a TaskAgent */
  readonly task?: { readonly activeExecutions: number; readonly warmSandboxes: number };
}

/** Types that are this reconciler's to set and to take away. */
const owned: ReadonlySet<string> = new Set([
  "Accepted",
  "WorkerPoolReady",
  "EgressConfigured",
  "RevisionReady",
]);

/** The new status; what others wrote into it stays. `now` is RFC 3339. */
export function agentStatus(agent: KubeObject, findings: AgentFindings, now: string): object {
  const { latestCreatedRevisionName: _, latestReadyRevisionName: __, ...before } = statusIn(agent);
  const { generation, revision, task } = findings;
  return {
    ...before,
    conditions: replaceConditions(conditionsIn(before), conditionsOf(findings, now), owned),
    observedGeneration: generation,
    ...(!revision.isForeign && { latestCreatedRevisionName: revision.created }),
    ...(revision.ready !== undefined && { latestReadyRevisionName: revision.ready }),
    ...task,
  };
}

/** The status of an agent whose stored spec its kind does not take any more. */
export function rejectedAgentStatus(agent: KubeObject, problem: string, now: string): object {
  const before = statusIn(agent);
  const observedGeneration = agent.metadata.generation ?? 1;
  const rejected = createCondition({
    ...{ type: "Accepted", reason: "InvalidSpec", message: problem },
    ...{ observedGeneration, now },
  });
  const conditions = replaceConditions(conditionsIn(before), [rejected], new Set(["Accepted"]));
  return { ...before, conditions, observedGeneration };
}

function conditionsOf(findings: AgentFindings, now: string): readonly Condition[] {
  const { generation: observedGeneration } = findings;
  const facts = { observedGeneration, now };
  const accepted = createCondition({
    ...{ type: "Accepted", reason: "SpecValid", message: "Valid", ...facts },
  });
  return [
    accepted,
    poolCondition(findings, facts),
    egressCondition(findings, facts),
    revisionCondition(findings, facts),
  ];
}

interface ConditionFacts {
  readonly observedGeneration: number;
  readonly now: string;
}

function poolCondition({ pool }: AgentFindings, facts: ConditionFacts): Condition {
  return createCondition({
    type: "WorkerPoolReady",
    reason: pool.exists ? "WorkerPoolFound" : "WorkerPoolNotFound",
    message: pool.exists
      ? `WorkerPool "${pool.name}" exists`
      : `Cannot run the agent: there is no WorkerPool "${pool.name}" in its namespace; create it, or change workerPoolRef`,
    ...facts,
  });
}

function egressCondition({ gateways }: AgentFindings, facts: ConditionFacts): Condition {
  const { named, missing } = gateways;
  if (missing.length > 0) {
    const names = missing.map((name) => `"${name}"`).join(", ");
    const message = `Cannot let the agent out: there is no EgressGateway ${names} in its namespace; create it, or change egressRefs`;
    return createCondition({
      ...{ type: "EgressConfigured", reason: "EgressRefsNotFound", message, ...facts },
    });
  }
  return createCondition({
    type: "EgressConfigured",
    reason: named === 0 ? "NoEgressRefs" : "AllEgressRefsFound",
    message: named === 0 ? "No egressRefs: nothing gets out" : "Every EgressGateway exists",
    ...facts,
  });
}

function revisionCondition({ revision }: AgentFindings, facts: ConditionFacts): Condition {
  const { created, isForeign, isReady, ready } = revision;
  if (isForeign) {
    const message = `Cannot create AgentSandboxRevision "${created}": an object of that name belongs to somebody else; delete it`;
    return createCondition({
      ...{ type: "RevisionReady", reason: "RevisionNotOwned", message, ...facts },
    });
  }
  if (isReady) {
    const message = `Workers can run "${created}"`;
    return createCondition({
      ...{ type: "RevisionReady", reason: "RevisionReady", message, ...facts },
    });
  }
  const meanwhile =
    ready === undefined || ready === created ? "" : `; until then "${ready}" is run`;
  const message = `No worker can run "${created}" yet${meanwhile}`;
  return createCondition({
    ...{ type: "RevisionReady", reason: "NoWorkersReady", message, ...facts },
  });
}
