/** Who sends telemetry: what is proved of it, whatever it says of itself. */
import type { RowAgent } from "./table-rows.ts";

/** Who sent a request, as its credential proves it. */
export interface TelemetrySender {
  readonly agent: RowAgent;
  /** `namespace/name` of its EgressGateway */
  readonly gateway: string;
  /** Of that object; absent: nobody knows */
  readonly gatewayUid?: string;
  /** Value of `clrk.component`, such as `agent` or `worker` */
  readonly component: string;
  /** When the credential was made, Unix `ms`; absent: nobody knows */
  readonly issuedMs?: number;
}
