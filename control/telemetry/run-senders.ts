/**
 * Who may send telemetry: commands of `clrk run`, by the token that the gateway gave them. A run that has ended is
 * refused after a while, so that a token that got out is of no use for long.
 */
import type { Clock } from "../../gateway/clock.ts";
import { isSameProcessAlive } from "../../gateway/process-identity.ts";
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
  /** Whether the process of a `processIdentity()` lives; injected for tests */
  readonly isLiving?: (issuer: string) => boolean;
}

/**
 * Tells whose token it is; undefined for nobody's, for one of a run that ended 30 s ago, and for one that is an hour old and whose
 * gateway process does not live: nobody would tell the end of its runs.
 */
export function runSenders(
  options: RunSendersOptions,
): (credential: SecretValue) => TelemetrySender | undefined {
  const { key, clock, findEndMs, isLiving = isSameProcessAlive } = options;
  return (credential) => {
    const nowMs = clock.now();
    const identity = tryReadTelemetryToken(key, credential.reveal(), { nowMs, isLiving });
    if (identity === undefined) return undefined;
    const { agent, gateway } = identity;
    const endMs = findEndMs(agent.namespace, agent.invocationId);
    if (endMs !== undefined && nowMs >= endMs + graceMs) return undefined;
    return { agent, gateway, component: "agent" };
  };
}
