/** What a peer did that ends its connection. A value: frames are checked one after another, and none of them throws. */

import type { FloodKind } from "./counters.ts";
import { ERROR } from "./protocol.ts";
import type { ErrorNumber } from "./protocol.ts";

/** Why a connection ends. */
export interface Fault {
  readonly code: ErrorNumber;
  /** For the log, as it reads after the name of the code; holds nothing of the peer's */
  readonly reason: string;
  /** What there was too much of; undefined for what is wrong in itself */
  readonly flood: FloodKind | undefined;
}

/** A fault with a code of RFC 9113 §7. */
export function faultOf(code: ErrorNumber, reason: string): Fault {
  return { code, reason, flood: undefined };
}

/** PROTOCOL_ERROR. */
export function protocolFault(reason: string): Fault {
  return faultOf(ERROR.PROTOCOL_ERROR, reason);
}

/** FRAME_SIZE_ERROR. */
export function sizeFault(reason: string): Fault {
  return faultOf(ERROR.FRAME_SIZE_ERROR, reason);
}

/** ENHANCE_YOUR_CALM, for too much of one kind. */
export function floodFault(flood: FloodKind): Fault {
  return { code: ERROR.ENHANCE_YOUR_CALM, reason: `too many ${flood}`, flood };
}
