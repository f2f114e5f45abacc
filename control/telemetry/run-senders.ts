/**
 * Who may send telemetry: commands of `clrk run`, by the token that the gateway gave them. A run that has ended is
 * refused after a while, so that a token that got out is of no use for long.
 */
import type { Clock } from "../../gateway/clock.ts";
import type { SecretValue } from "../../gateway/secret-value.ts";
import { tryReadTelemetryToken } from "../../gateway/telemetry-token.ts";
import type { TelemetrySender } from "./telemetry-sender.ts";

/** Exporters send their last batch while or after a command ends. */
const graceMs = 30_000;

/** By what senders are known. */
export interface RunSendersOptions {
  /** As `telemetryTokenKey()` gives it, of the home directory of the gateways */
  readonly key: Uint8Array;
  readonly clock: Clock;
  /** When an invocation ended, Unix `ms`; undefined: not that anybody here knew */
  readonly findEndMs: (namespace: string, invocationId: string) => number | undefined;
}

/** Tells whose token it is; undefined for nobody's, for one that has expired, and for one of a run that ended 30 s ago. */
export function runSenders(
  options: RunSendersOptions,
): (credential: SecretValue) => TelemetrySender | undefined {
  const { key, clock, findEndMs } = options;
  return (credential) => {
    const nowMs = clock.now();
    const identity = tryReadTelemetryToken(key, credential.reveal(), nowMs);
    if (identity === undefined) return undefined;
    const { agent, gateway } = identity;
    const endMs = findEndMs(agent.namespace, agent.invocationId);
    if (endMs !== undefined && nowMs >= endMs + graceMs) return undefined;
    return { agent, gateway, component: "agent" };
  };
}
