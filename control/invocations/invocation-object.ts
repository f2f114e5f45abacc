/** Invocations as objects of the API: read only, made of what was told of them and of what their requests used. */

import { formatMicroDollars } from "../../crds/money.ts";
import type { InvocationPhase } from "../../crds/invocation.ts";
import { isTerminalPhase } from "../../gateway/invocation-event.ts";
import type { InvocationState } from "./invocation-state.ts";
import { summarise } from "./invocation-state.ts";
import type { InvocationUsage, UsageCounts } from "./invocation-usage.ts";

/** Labels by which invocations are chosen. */
export const INVOCATION_LABELS = {
  agent: "clrk.apoxy.dev/agent",
  agentKind: "clrk.apoxy.dev/agent-kind",
} as const;

/** Counts as the object has them. */
export interface UsageStatus {
  readonly requests: number;
  readonly denials: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** USD as decimal text, of the calls of which a price is known */
  readonly cost: string;
  /** Calls that took tokens and have no known price */
  readonly unpriced: number;
}

/** An Invocation. Times are RFC 3339. */
export type InvocationObject = {
  readonly apiVersion: "clrk.apoxy.dev/v1alpha1";
  readonly kind: "Invocation";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly apiVersion: string;
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
    }[];
  };
  readonly spec: {
    readonly parentRef: { readonly kind: string; readonly name: string };
    readonly trigger: { readonly type: string; readonly source?: string };
    readonly identity?: { readonly audiences: readonly string[] };
  };
  readonly status: {
    readonly phase: InvocationPhase;
    readonly startTime?: string;
    readonly completionTime?: string;
    /** Of a command that ended */
    readonly exitCode?: number;
    /** Trace to which every request belongs whose agent sent no trace of its own */
    readonly trace?: { readonly traceID: string; readonly rootSpanID: string };
    readonly usage?: UsageStatus & {
      readonly models: readonly (UsageStatus & { readonly model: string })[];
    };
    /** `Complete`, for `kubectl wait` */
    readonly conditions: readonly {
      readonly type: string;
      readonly status: "True" | "False";
      readonly reason: string;
      readonly message: string;
      readonly lastTransitionTime: string;
    }[];
  };
};

/** What an object is made of. */
export interface InvocationParts {
  readonly state: InvocationState;
  /** Undefined while there were no requests */
  readonly usage: InvocationUsage | undefined;
  /** Of the store, at which it is so */
  readonly revision: number;
}

/** Agents that are objects themselves, and own their invocations. */
const owners: ReadonlySet<string> = new Set(["TaskAgent", "DaemonAgent"]);
const apiVersion = "clrk.apoxy.dev/v1alpha1";

/** What `kubectl get` shows of an invocation at that revision. */
export function invocationObject({ state, usage, revision }: InvocationParts): InvocationObject {
  const summary = summarise(state);
  const { agent, trigger, audiences } = summary;
  const owner = { apiVersion, kind: agent.kind, name: agent.name, uid: agent.uid };
  const isOwned = agent.uid !== "" && owners.has(agent.kind);
  return {
    apiVersion,
    kind: "Invocation",
    metadata: {
      name: state.id,
      namespace: agent.namespace,
      uid: state.id,
      resourceVersion: String(revision),
      creationTimestamp: wholeSeconds(summary.createdMs),
      labels: {
        [INVOCATION_LABELS.agent]: agent.name,
        [INVOCATION_LABELS.agentKind]: agent.kind,
      },
      ...(isOwned && { ownerReferences: [owner] }),
    },
    spec: {
      parentRef: { kind: agent.kind, name: agent.name },
      trigger: { type: trigger.type, ...(trigger.source !== "" && { source: trigger.source }) },
      ...(audiences.length > 0 && { identity: { audiences } }),
    },
    status: statusOf(summary, usage),
  };
}

function statusOf(
  summary: ReturnType<typeof summarise>,
  usage: InvocationUsage | undefined,
): InvocationObject["status"] {
  const { phase, startedMs, finishedMs, exitCode, root, reason, message, phaseMs } = summary;
  return {
    phase,
    ...(startedMs !== null && { startTime: fineTime(startedMs) }),
    ...(finishedMs !== null && { completionTime: fineTime(finishedMs) }),
    ...(exitCode !== null && { exitCode }),
    ...(root !== null && { trace: { traceID: root.traceId, rootSpanID: root.spanId } }),
    ...(usage !== undefined && {
      usage: {
        ...usageStatus(usage),
        models: usage.models.map((one) => ({ model: one.model, ...usageStatus(one) })),
      },
    }),
    conditions: [
      {
        type: "Complete",
        status: isTerminalPhase(phase) ? "True" : "False",
        reason: reason || phase,
        message,
        lastTransitionTime: wholeSeconds(phaseMs),
      },
    ],
  };
}

function usageStatus(counts: UsageCounts): UsageStatus {
  const { requests, denials, inputTokens, outputTokens, microDollars, unpriced } = counts;
  const cost = formatMicroDollars(microDollars);
  return { requests, denials, inputTokens, outputTokens, cost, unpriced };
}

/** metav1.Time has no fractions. */
function wholeSeconds(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d+Z$/, "Z");
}

/** metav1.MicroTime has six digits. */
function fineTime(unixMs: number): string {
  return new Date(unixMs).toISOString().replace("Z", "000Z");
}
