/**
 * All EgressGateways of one process: follows snapshots, starts a runtime for each gateway that appears, stops those
 * that vanish, and says what is served. One change is carried out after the other.
 */

import type { AdsEvent } from "./ads-server.ts";
import type { EnvoyStop } from "./envoy-process.ts";
import { describeError } from "./errors.ts";
import type { GatewayRevision, GatewayRuntime } from "./gateway-runtime.ts";
import type { CompiledTrial } from "./policy-trial.ts";
import type { Logger } from "./log.ts";
import type { SecretValue } from "./secret-value.ts";
import type { GatewaySnapshot, Snapshot } from "./snapshot.ts";
import type { GatewayCanary } from "./xds.ts";
import { gatewayKey } from "./snapshot.ts";

/** What the fleet needs from the process. */
export interface GatewayFleetOptions {
  readonly log: Logger;
  /** Makes the runtime of a gateway that appeared; `start()` is called after the first publication */
  readonly createRuntime: (gateway: GatewaySnapshot) => Promise<GatewayRuntime>;
  /** A runtime began or ended */
  readonly onChange?: (key: string, runtime: GatewayRuntime | undefined) => void;
}

/** The gateways that are served. */
export class GatewayFleet {
  readonly #options: GatewayFleetOptions;
  readonly #runtimes = new Map<string, GatewayRuntime>();
  #work: Promise<void> = Promise.resolve();
  #revision = 0;
  #closed = false;

  constructor(options: GatewayFleetOptions) {
    this.#options = options;
  }

  /** Revision of the snapshot that was applied last. */
  get revision(): number {
    return this.#revision;
  }

  /** Every runtime, by gateway name. */
  get runtimes(): readonly GatewayRuntime[] {
    return [...this.#runtimes.values()];
  }

  /** The runtime of a gateway; undefined when it is not served. */
  find(key: string): GatewayRuntime | undefined {
    return this.#runtimes.get(key);
  }

  /**
   * Applies a snapshot; resolves when every runtime was told, which is before Envoy confirms. A gateway that fails
   * keeps no other from being served and is tried again with the next snapshot; rejects with the first failure.
   */
  apply(
    snapshot: Snapshot,
    credentials: ReadonlyMap<string, SecretValue>,
    trial?: CompiledTrial,
  ): Promise<void> {
    return this.#enqueue(async () => {
      this.#revision = snapshot.revision;
      const wanted = new Set(snapshot.gateways.map(gatewayKey));
      const failures: unknown[] = [];
      const note = (error: unknown) => void failures.push(error);
      for (const key of [...this.#runtimes.keys()]) {
        if (!wanted.has(key)) await this.#stop(key).catch(note);
      }
      for (const gateway of snapshot.gateways) {
        const tried = triedGateway(gateway, trial);
        await this.#publish(gateway, credentials, { revision: snapshot.revision, tried }).catch(
          note,
        );
      }
      if (failures.length > 0) throw failures[0];
    });
  }

  /** Hands an event to the runtime it belongs to. */
  onAdsEvent(event: AdsEvent): void {
    this.#runtimes.get(event.gateway)?.onAdsEvent(event);
  }

  /** Drains and ends every Envoy; resolves with what was cut. */
  async close(drainMs?: number): Promise<EnvoyStop> {
    this.#closed = true;
    await this.#work;
    const stops = await Promise.all(this.runtimes.map((runtime) => runtime.close(drainMs)));
    this.#runtimes.clear();
    return { inFlight: stops.reduce((sum, { inFlight }) => sum + (inFlight ?? 0), 0) };
  }

  async #publish(
    gateway: GatewaySnapshot,
    credentials: ReadonlyMap<string, SecretValue>,
    { revision, tried }: GatewayRevision,
  ): Promise<void> {
    const key = gatewayKey(gateway);
    const known = this.#runtimes.get(key);
    if (known !== undefined) {
      await known.publish(gateway, credentials, { revision, tried });
      return;
    }
    const runtime = await this.#options.createRuntime(gateway);
    this.#runtimes.set(key, runtime);
    try {
      await runtime.publish(gateway, credentials, { revision, tried });
      await runtime.start();
    } catch (error) {
      // Half of a runtime would never be started: the next snapshot makes a new one.
      this.#runtimes.delete(key);
      await runtime.close();
      throw error;
    }
    this.#options.onChange?.(key, runtime);
  }

  async #stop(key: string): Promise<void> {
    const runtime = this.#runtimes.get(key);
    this.#runtimes.delete(key);
    this.#options.onChange?.(key, undefined);
    await runtime?.close();
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const run = this.#work.then(() => (this.#closed ? undefined : work()));
    this.#work = run.catch((error: unknown) => {
      this.#options.log.error("Cannot apply a snapshot", { error: describeError(error) });
    });
    return run;
  }
}

/** The gateway as a share of its agents has it. */
function triedGateway(
  gateway: GatewaySnapshot,
  trial: CompiledTrial | undefined,
): GatewayCanary | undefined {
  if (trial?.kind !== "served") return undefined;
  const { side, share, snapshot } = trial;
  const tried = snapshot.gateways.find((other) => gatewayKey(other) === gatewayKey(gateway));
  return tried && { side, share, gateway: tried };
}
