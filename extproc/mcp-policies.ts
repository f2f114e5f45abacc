/** What the policies of a plan say at the headers of a request to an MCP server. */

import type { HeaderPair } from "../gateway/decision.ts";
import type { McpHead } from "../gateway/mcp-judge.ts";
import type { TraceIds } from "../gateway/trace-context.ts";
import type { PlanEntry } from "./plan-book.ts";
import type { Refusal } from "./refusal.ts";
import { ownFault } from "./session-refusals.ts";
import type { SessionTools } from "./session-tools.ts";
import type { HeaderView } from "./transaction-message.ts";

/** What they change, or why the request is refused. */
export type PolicyChanges =
  | {
      readonly kind: "mutate";
      readonly set: readonly HeaderPair[];
      readonly remove: readonly string[];
    }
  | { readonly kind: "refuse"; readonly refusal: Refusal };

/** A request at its headers, and who decides about it. */
export interface AskedPolicies {
  readonly request: {
    readonly head: McpHead;
    /** Borrowed for the call */
    readonly headers: HeaderView;
    readonly caller: string;
    readonly trace: TraceIds;
  };
  readonly tools: Pick<SessionTools, "limiter" | "credential">;
  /** Whether a denial is only noted */
  readonly isLetBy: (denial: Refusal) => boolean;
}

/** Asks each in order; the first denial that stands is the refusal. */
export function askPolicies(
  { plan, policies }: Pick<PlanEntry, "plan" | "policies">,
  { request, tools, isLetBy }: AskedPolicies,
): PolicyChanges {
  const { head, headers, caller, trace } = request;
  const set: HeaderPair[] = [];
  const remove: string[] = [];
  for (const policy of policies) {
    const answer = policy.evaluate({
      plan,
      caller,
      method: head.method,
      authority: head.authority,
      path: head.target,
      header: (name) => headers.find(name),
      trace,
      limiter: tools.limiter,
      credential: tools.credential,
      outcome: undefined,
    });
    // Nothing here waits for slow work: a policy that wants it has no answer.
    if (answer.kind === "work") return { kind: "refuse", refusal: ownFault };
    if (answer.kind === "deny" && !isLetBy(answer)) return { kind: "refuse", refusal: answer };
    if (answer.kind !== "mutate") continue;
    set.push(...answer.set);
    remove.push(...answer.remove);
  }
  return { kind: "mutate", set, remove };
}
