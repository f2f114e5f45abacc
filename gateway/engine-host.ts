/**
 * The engine of a process, started when a snapshot first needs it: a policy that Envoy enforces alone costs no threads.
 * Its sockets are named before, so that Envoy's configuration is the same either way.
 */

import type { Ejection } from "./backend-health.ts";
import type {
  BudgetUse,
  Engine,
  EngineOptions,
  EngineFigures,
  EngineStatus,
  OpenEngine,
  RunAgent,
} from "./engine.ts";
import { engineSocketPaths } from "./engine.ts";
import type { SecretValue } from "./secret-value.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a host is given. */
export interface EngineHostOptions extends EngineOptions {
  readonly openEngine: OpenEngine;
}

/** Holds the engine. */
export class EngineHost {
  /** Where its threads listen once it runs */
  readonly sockets: readonly string[];
  readonly #options: EngineHostOptions;
  #engine: Engine | undefined;
  #opening: Promise<Engine> | undefined;
  #isClosed = false;

  constructor(options: EngineHostOptions) {
    this.#options = options;
    this.sockets = engineSocketPaths(options.directory, options.threads);
  }

  /** Gives the engine a snapshot, and starts it where the snapshot needs one; resolves when it decides by it. */
  async publish(snapshot: Snapshot, credentials: ReadonlyMap<string, SecretValue>): Promise<void> {
    if (this.#isClosed || (this.#opening === undefined && !needsEngine(snapshot))) return;
    const engine = await this.#open();
    if (!this.#isClosed) await engine.publish(snapshot, credentials);
  }

  /** Tells the engine which candidates are left out for now. */
  eject(ejections: readonly Ejection[]): void {
    this.#engine?.eject(ejections);
  }

  /** Tells the engine which agents new runs are of; one that starts later asks for all of them. */
  identify(runs: readonly RunAgent[]): void {
    // Also one that is just starting, whose threads may have asked already; its failure is told to `publish()`.
    this.#opening?.then((engine) => engine.identify(runs)).catch(() => {});
  }

  /** State of the engine; undefined while none was needed. */
  status(): EngineStatus | undefined {
    return this.#engine?.status();
  }

  /** The same for collectors of metrics. */
  figures(): EngineFigures | undefined {
    return this.#engine?.figures();
  }

  /** What is used of budgets; none while no engine was needed. */
  budgets(): readonly BudgetUse[] {
    return this.#engine?.budgets() ?? [];
  }

  /** Takes back what a call was charged that no provider had. */
  refund(transaction: string): void {
    this.#engine?.refund(transaction);
  }

  /** Lets open transactions end for at most `drainMs`, and ends the engine, also one that is being started. */
  async close(drainMs?: number): Promise<void> {
    this.#isClosed = true;
    const engine = await this.#opening?.catch(() => undefined);
    await engine?.close(drainMs);
  }

  /** Starts it once; after a failure the next snapshot tries again. */
  async #open(): Promise<Engine> {
    this.#opening ??= this.#options.openEngine(this.#options);
    try {
      this.#engine = await this.#opening;
      return this.#engine;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }
}

/** Whether any rule of the snapshot is decided or signed by the engine. */
export function needsEngine({ gateways }: Snapshot): boolean {
  return gateways.some(
    ({ hosts, l4Rules, maxConcurrentRequests }) =>
      maxConcurrentRequests !== undefined ||
      l4Rules.some(({ engine }) => engine !== undefined) ||
      hosts.some(({ rules }) =>
        rules.some(({ engine, action }) => {
          if (engine !== undefined) return true;
          if (action.kind !== "forward") return false;
          return (
            action.attempt !== undefined || action.backends.some((it) => it.engine ?? it.attempt)
          );
        }),
      ),
  );
}
