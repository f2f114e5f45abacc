/** Whether a gateway process serves what it is to serve, and what is missing where it does not. */
import type { GatewayProcessStatus } from "./control-api.ts";

/** Answer to the question whether traffic may be sent here. */
export interface Readiness {
  readonly ready: boolean;
  /** Sentences, one for each thing that is missing; empty when ready */
  readonly missing: readonly string[];
}

/**
 * Ready is a process with a revision that every gateway's Envoy confirmed, and an engine that takes requests where
 * one is needed. Problems of newer files change nothing: the last good revision is served.
 */
export function readinessOf(status: GatewayProcessStatus): Readiness {
  const { revision, gateways, engine } = status;
  const missing = [
    ...(revision === 0 ? ["No objects were compiled yet"] : []),
    ...(revision > 0 && gateways.length === 0 ? ["No EgressGateway is served"] : []),
    ...gateways
      .filter(({ ready }) => !ready)
      .map(({ namespace, name, reason }) => `EgressGateway ${namespace}/${name}: ${reason}`),
    ...(engine !== undefined && engine.threads.serving === 0
      ? ["The engine has no thread that serves"]
      : []),
  ];
  return { ready: missing.length === 0, missing };
}
