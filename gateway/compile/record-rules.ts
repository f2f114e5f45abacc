/** Rules whose records differ from those of others once they are made: by their query, and by where they go. */

import type { EgressGateway } from "../../crds/egress-gateway.ts";
import type { LoggingPolicy } from "../../crds/logging-policy.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import { quoteChoice } from "../../crds/problem.ts";
import type { RecordRule } from "../snapshot.ts";
import { queryNames } from "./capture-plan.ts";
import type { DenyAction } from "./refusal.ts";
import { refuseUnresolved } from "./refusal.ts";
import type { RouteDraft } from "./route-draft.ts";
import type { Finding } from "./status-book.ts";

/** The rules of a route that say something about their records; of several policies the first that names a sink decides. */
export function recordRules({ name, logging }: Pick<RouteDraft, "name" | "logging">): RecordRule[] {
  return logging.flatMap((policies, ruleIndex): RecordRule[] => {
    const redactQuery = queryNames(policies);
    const sink = sinkOf(policies);
    if (redactQuery.length === 0 && sink === undefined) return [];
    return [{ route: name, ruleIndex, redactQuery, ...(sink !== undefined && { sink }) }];
  });
}

/** What refuses a route on a gateway that does not have a sink which its policies name. */
export interface UnknownSink {
  readonly finding: Finding<"ResolvedRefs">;
  readonly deny: DenyAction;
}

/** The first sink that the gateway does not have; its records would go where they must not, or nowhere. */
export function findUnknownSink(
  { name, logging }: Pick<RouteDraft, "name" | "logging">,
  gateway: EgressGateway,
): UnknownSink | undefined {
  const known = gateway.spec.sinks.map((sink) => sink.name);
  for (const policies of logging) {
    const policy = policies.find(({ spec }) => spec.sinkRef !== undefined);
    const sink = policy?.spec.sinkRef;
    if (policy === undefined || sink === undefined || known.includes(sink)) continue;
    const label = formatReference(referenceOf(gateway));
    const has = known.length === 0 ? "none" : quoteChoice(known);
    const message = `${formatReference(referenceOf(policy))} names sink "${sink}", and ${label} has ${has}`;
    const finding = { reason: "SinkNotFound", message } as const;
    return { finding, deny: refuseUnresolved(name, finding) };
  }
  return undefined;
}

/** The sink that policies in the order of a rule's filters name; undefined where none does. */
export function sinkOf(policies: readonly LoggingPolicy[]): string | undefined {
  return policies.find(({ spec }) => spec.sinkRef !== undefined)?.spec.sinkRef;
}
