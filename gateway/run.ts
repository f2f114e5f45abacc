/** A command behind the explicit proxy, as the gateway knows it. */

import type { InvocationRoot } from "./invocation-event.ts";
import type { RecordAgent } from "./record.ts";

/** A registered run. */
export interface Run {
  readonly runId: string;
  readonly invocationId: string;
  /** Of the trace of its requests */
  readonly root: InvocationRoot;
  /** `namespace/name` of its EgressGateway */
  readonly gateway: string;
  readonly agent: RecordAgent;
  readonly command: string;
  readonly since: string;
}
