/** What an invocation used, by the records of its requests. */

import type { InvocationAgent } from "../../gateway/invocation-event.ts";
import { recordedCost } from "../../gateway/record-cost.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { isInvocationId } from "./event-codec.ts";

/** Counts of requests. */
export interface UsageCounts {
  readonly requests: number;
  /** Requests that were refused */
  readonly denials: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Millionths of a US dollar, of the calls of which a price is known */
  readonly microDollars: number;
  /** Calls that took tokens and have no known price: the sum is without them */
  readonly unpriced: number;
}

/** The counts of the calls of one model. */
export interface ModelUsage extends UsageCounts {
  /** As it was asked for; empty for requests that are no calls of a model */
  readonly model: string;
}

/** All that an invocation used. */
export interface InvocationUsage extends UsageCounts {
  /** By name; without those that are no calls of a model */
  readonly models: readonly ModelUsage[];
}

/** What one record adds, and to which invocation. */
export interface RecordUse extends ModelUsage {
  readonly recordId: string;
  readonly invocationId: string;
  readonly agent: Pick<InvocationAgent, "kind" | "namespace" | "name">;
}

/** Longest name of a model that is kept; agents choose it. */
const longestModel = 128;

/** What a record adds; undefined where it belongs to no invocation. */
export function useOfRecord(record: EgressRecord): RecordUse | undefined {
  const { id, agent, model, usage, decision } = record;
  if (agent === null || !isInvocationId(agent.invocationId)) return undefined;
  const name = model?.requestModel ?? model?.responseModel ?? "";
  const inputTokens = usage?.inputTokens ?? 0;
  const outputTokens = usage?.outputTokens ?? 0;
  const { microDollars, isUnpriced } = recordedCost(record);
  return {
    recordId: id,
    invocationId: agent.invocationId,
    agent: { kind: agent.kind, namespace: agent.namespace, name: agent.name },
    model: name.slice(0, longestModel).toWellFormed(),
    requests: 1,
    denials: decision.verdict === "deny" ? 1 : 0,
    inputTokens,
    outputTokens,
    microDollars,
    unpriced: isUnpriced ? 1 : 0,
  };
}

/** The sum of what models used; undefined for none. */
export function sumUsage(parts: readonly ModelUsage[]): InvocationUsage | undefined {
  if (parts.length === 0) return undefined;
  const total = (pick: (part: UsageCounts) => number) =>
    parts.reduce((sum, part) => sum + pick(part), 0);
  return {
    requests: total((part) => part.requests),
    denials: total((part) => part.denials),
    inputTokens: total((part) => part.inputTokens),
    outputTokens: total((part) => part.outputTokens),
    microDollars: total((part) => part.microDollars),
    unpriced: total((part) => part.unpriced),
    models: parts
      .filter(({ model }) => model !== "")
      .sort((a, b) => (a.model < b.model ? -1 : a.model > b.model ? 1 : 0)),
  };
}
