/** Runs as the control socket asks for them: registered, ended and followed, with Envoy and the engine told in time. */

import type { Clock } from "./clock.ts";
import type { RunRegistration, RunRequest } from "./control-api.ts";
import type { ControlFollowers } from "./control-followers.ts";
import type { RunAgent } from "./engine.ts";
import { ClrkError } from "./errors.ts";
import { chooseGateway } from "./gateway-choice.ts";
import type { GatewayRuntime } from "./gateway-runtime.ts";
import { processIdentity } from "./process-identity.ts";
import type { EgressRecord } from "./record.ts";
import type { RunEnd } from "./run-event.ts";
import { runRegistration } from "./run-registration.ts";
import type { RunRegistry } from "./run-registry.ts";
import { agentOf } from "./run-registry.ts";
import { gatewayKey } from "./snapshot.ts";
import { mintTelemetryToken } from "./telemetry-token.ts";

/**
 * A command that is not waited for finds its way out closed, or its credential refused. Envoy usually confirms one within
 * 10 ms; on a busy machine that takes long, and to begin takes longer.
 */
const registrationDeadlineMs = 6_000;

/** Whoever ends a run waits for it, and there is nothing left to do. */
const endDeadlineMs = 2_000;

/** What the door needs of a gateway that is served. */
export type DoorRuntime = Pick<
  GatewayRuntime,
  "explicitProxy" | "gateway" | "setRuns" | "trust" | "whenListening" | "whenLive"
>;

/** What the door needs of the process. */
export interface RunDoorParts {
  readonly runs: RunRegistry;
  readonly fleet: {
    readonly runtimes: readonly DoorRuntime[];
    find(key: string): DoorRuntime | undefined;
  };
  readonly followers: ControlFollowers;
  /** Tells the engine whose run it is */
  readonly identify: (runs: readonly RunAgent[]) => void;
  /** As `telemetryTokenKey()` gives it */
  readonly telemetryKey: Uint8Array;
  readonly clock: Clock;
}

/** Carries out what is asked about runs. */
export class RunDoor {
  readonly #parts: RunDoorParts;

  constructor(parts: RunDoorParts) {
    this.#parts = parts;
  }

  /** Throws CLRK_PRECONDITION_FAILED where no gateway can take one. */
  async register(request: RunRequest): Promise<RunRegistration> {
    const { runs, fleet, identify, telemetryKey, clock } = this.#parts;
    const runtime = chooseGateway(fleet.runtimes, request.gateway);
    const { gateway, explicitProxy: proxy } = runtime;
    if (proxy === undefined)
      throw refused(`EgressGateway ${gatewayKey(gateway)} has no explicit proxy`);
    const registered = runs.register(request, gateway);
    if (registered === undefined) throw refused("Too many runs are registered: end some first");
    const { run, token } = registered;
    // Before Envoy lets its first request by.
    identify([agentOf(run)]);
    await Promise.all([
      runtime.whenListening(registrationDeadlineMs),
      runtime.whenLive(registrationDeadlineMs),
    ]);
    const telemetryToken = mintTelemetryToken(telemetryKey, {
      agent: run.agent,
      gateway: run.gateway,
      gatewayUid: gateway.uid ?? "",
      issuedMs: clock.now(),
      issuer: processIdentity(process.pid),
    });
    return runRegistration(run, token, { proxy, trust: runtime.trust, telemetryToken });
  }

  /** Waits for Envoy, so that a run that is said to have ended opens nothing any more; false for unknown ones. */
  async end(runId: string, exitCode: number | undefined): Promise<boolean> {
    const { runs, fleet } = this.#parts;
    const run = runs.find(runId);
    const how: RunEnd = exitCode === undefined ? { kind: "unknown" } : { kind: "exited", exitCode };
    if (run === undefined || !runs.end(runId, how)) return false;
    await fleet.find(run.gateway)?.whenLive(endDeadlineMs);
    return true;
  }

  /** Records of a run until the function returned is called; undefined for unknown ones. */
  follow(runId: string, onRecord: (record: EgressRecord) => void): (() => void) | undefined {
    const { runs, followers } = this.#parts;
    const release = runs.follow(runId);
    return release && followers.addToRun(runId, onRecord, release);
  }

  /** Gives the Envoy of a gateway the credentials of its runs. */
  publish(gateway: string): void {
    const { runs, fleet } = this.#parts;
    void fleet.find(gateway)?.setRuns(runs.credentials(gateway), registrationDeadlineMs);
  }
}

function refused(message: string): ClrkError {
  return new ClrkError("CLRK_PRECONDITION_FAILED", message, { expose: message });
}
