/** Ends of runs that were concluded here and not told by their gateways: the command may run on, without a way out. */

/** Reasons of such ends: the gateway of the run is gone, or nothing was heard of it for long. */
export const concludedReasons = { gone: "GatewayGone", unheard: "NotHeard" } as const;

/** Kind of the agents of runs. */
export const runKind = "Process";

/** Whether an end of that reason was concluded here, and not told by the gateway of the run. */
export function isConcludedEnd(reason: string): boolean {
  return reason === concludedReasons.gone || reason === concludedReasons.unheard;
}
