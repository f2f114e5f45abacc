/** Records of requests of invocations for tests. */

import { engineRecord, httpRecord, recordModel } from "../../../gateway/testdata/egress-record.ts";
import type { EgressRecord, RecordAgent } from "../../../gateway/record.ts";
import { invocationId } from "./invocation-event.ts";

function agentOf(number: number): RecordAgent {
  return {
    kind: "TaskAgent",
    namespace: "default",
    name: "writer",
    uid: "uid-writer",
    revision: "r-1",
    invocationId: invocationId(number),
  };
}

/** A record of a request of that invocation. */
export function recordOfInvocation(
  number: number,
  id: string,
  changes: Partial<EgressRecord> = {},
): EgressRecord {
  return httpRecord({ id, agent: agentOf(number), ...changes });
}

/** A record of a model call of that invocation: 100 tokens in, 20 out, 42 millionths of a dollar. */
export function modelCallRecord(number: number, id: string): EgressRecord {
  const usage = {
    inputTokens: 100,
    outputTokens: 20,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
  };
  return engineRecord({
    id,
    agent: agentOf(number),
    model: { ...recordModel(), requestModel: "gpt-5-mini" },
    usage,
    charge: { tokens: 120, cost: "0.000042", estimated: false },
  });
}
