/** What the demo found, for people and for programs. */

import type { EgressRecord } from "../../gateway/record.ts";

/** Both calls as they were recorded, and what the agent printed. */
export interface DemoOutcome {
  /** Both calls went as they should: one answered with the injected credential, one refused */
  readonly ok: boolean;
  readonly allowed: EgressRecord;
  readonly denied: EgressRecord;
  /** Lines that the agent wrote */
  readonly agentOutput: readonly string[];
  /** File with both records */
  readonly recordFile: string;
}

/** The one JSON object of `--json`. */
export function outcomeJson({ ok, allowed, denied }: DemoOutcome) {
  return {
    ok,
    decision: allowed.decision,
    credential: allowed.credential,
    tier: allowed.tier,
    usage: allowed.usage,
    latencyMs: allowed.durationMs,
    record: allowed,
    denied: {
      host: denied.request.host,
      status: denied.response.status,
      reason: denied.decision.reason,
      message: denied.decision.message,
    },
  };
}
