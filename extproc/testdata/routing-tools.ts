/** What choosing may ask of its thread, for tests. */
import type { RoutingTools } from "../routed-call.ts";

/** Tools that know no credential, leave nobody out and draw the first. */
export function routingTools(changes: Partial<RoutingTools> = {}): RoutingTools {
  return {
    credential: () => undefined,
    signer: () => ({ kind: "unusable", reason: "a test has none" }),
    nowUnixMs: () => 0,
    isEjected: () => false,
    swap: () => undefined,
    random: () => 0,
    prices: [],
    ...changes,
  };
}
