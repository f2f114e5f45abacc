/**
 * Who may send telemetry: commands of `clrk run`, by the token that the gateway gave them. A run that has ended is
 * refused after a while, so that a token that got out is of no use for long; so is one of which nobody knows any more.
 */
import type { Clock } from "../../gateway/clock.ts";
import { ClrkError } from "../../gateway/errors.ts";
import { isSameProcessAlive } from "../../gateway/process-identity.ts";
import type { SecretValue } from "../../gateway/secret-value.ts";
import { tryReadTelemetryToken, unwatchedTokenLifeMs } from "../../gateway/telemetry-token.ts";
import type { TelemetrySender } from "./telemetry-sender.ts";

/** Exporters send their last batch while or after a command ends. */
const graceMs = 30_000;

/** What is known of the run that a token is of. */
export type RunProgress =
  | { readonly kind: "running" }
  /** Unix `ms` */
  | { readonly kind: "ended"; readonly endMs: number }
  /** Not told of yet, or forgotten; `why` is a sentence where nothing can be known now, and later perhaps */
  | { readonly kind: "unknown"; readonly why?: string };

/** By what senders are known. */
export interface RunSendersOptions {
  /** As `telemetryTokenKey()` gives it, of the home directory of the gateways */
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly findRun: (namespace: string, invocationId: string) => RunProgress;
  /** Whether the process of a `processIdentity()` lives; injected for tests */
  readonly isLiving?: (issuer: string) => boolean;
}

/**
 * Tells whose token it is; undefined for nobody's, for one of a run that ended 30 s ago, and for one that is an hour old
 * and whose gateway process does not live, so that nobody would tell the end of its runs, or whose run is unknown. Throws
 * CLRK_UNAVAILABLE for the last where that can be known later.
 */
export function runSenders(
  options: RunSendersOptions,
): (credential: SecretValue) => TelemetrySender | undefined {
  const { key, clock, findRun, isLiving = isSameProcessAlive } = options;
  return (credential) => {
    const nowMs = clock.now();
    const identity = tryReadTelemetryToken(key, credential.reveal(), { nowMs, isLiving });
    if (identity === undefined) return undefined;
    const { agent, gateway, gatewayUid, issuedMs } = identity;
    const run = findRun(agent.namespace, agent.invocationId);
    if (run.kind === "ended" && nowMs >= run.endMs + graceMs) return undefined;
    if (run.kind === "unknown" && nowMs >= issuedMs + unwatchedTokenLifeMs) {
      if (run.why === undefined) return undefined;
      const message = `Cannot take telemetry now: ${run.why}`;
      throw new ClrkError("CLRK_UNAVAILABLE", message, { expose: message });
    }
    const uid = gatewayUid === "" ? {} : { gatewayUid };
    return { agent, gateway, ...uid, component: "agent", issuedMs };
  };
}
