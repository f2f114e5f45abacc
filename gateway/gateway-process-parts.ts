/** What a gateway process is made of: the composition root gives it. */

import type { PriceEntry } from "../providers/prices.ts";
import type { Clock } from "./clock.ts";
import type { EnvoyBinary } from "./envoy-binary.ts";
import type { InvocationEvent } from "./invocation-event.ts";
import type { GatewayIdentity } from "./gateway-identity.ts";
import type { GatewayCertificates } from "./gateway-runtime.ts";
import type { LimitStore } from "./limit-store.ts";
import type { LoadedPlugin } from "./plugin-loader.ts";
import type { Logger } from "./log.ts";
import type { OpenEngine } from "./engine.ts";
import type { ProcessOptions } from "./process-options.ts";
import type { SecretSpec } from "./secret-spec.ts";
import type { GatewaySnapshot } from "./snapshot.ts";

/** What the process is made of. */
export interface GatewayProcessParts {
  readonly options: ProcessOptions;
  /** In the registry already; the engine's threads load them again */
  readonly plugins: readonly LoadedPlugin[];
  readonly envoy: Extract<EnvoyBinary, { kind: "found" }>;
  /** Folder for sockets, private and short */
  readonly runDirectory: string;
  /** Folder for record files, and their base name there */
  readonly recordsDirectory: string;
  readonly recordsName: string;
  /** Private folder for records that OTLP receivers have not taken yet, over restarts */
  readonly spoolDirectory: string;
  /** Private folder for what is used of budgets, over restarts */
  readonly budgetsDirectory: string;
  /** What replicas share of rate limits; absent: nothing. Closed with the process */
  readonly limitStore?: LimitStore;
  /** Private folder for refresh tokens that endpoints rotate, over restarts */
  readonly grantsDirectory: string;
  /** That go before those that are shipped */
  readonly prices: readonly PriceEntry[];
  /** By which placeholders are made: that of the home directory */
  readonly placeholderKey: Uint8Array;
  /** Traces of invocations by the key of the home directory */
  readonly traceKey: Uint8Array;
  /** Agents prove themselves by it where they send telemetry, as `telemetryTokenKey()` gives it */
  readonly telemetryKey: Uint8Array;
  /** By which the control process finds it gone; absent where nothing names this process */
  readonly gatewayProcess?: GatewayIdentity | undefined;
  /** Takes what becomes of runs, besides the records; must not throw. Absent: nobody else wants to know */
  readonly onInvocation?: (event: InvocationEvent) => void;
  /** Files that Envoy may open */
  readonly openFiles: number;
  /** PEM of the machine's public roots */
  readonly publicRootsPem: string;
  readonly openCertificates: (gateway: GatewaySnapshot) => Promise<GatewayCertificates>;
  readonly openEngine: OpenEngine;
  /** Sources of Secrets that are in no manifest */
  readonly secrets: readonly SecretSpec[];
  /** For variables and commands among them */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  readonly clock: Clock;
  /** Somebody asked on the control socket that the process ends */
  readonly onStopRequest: () => void;
}

/** What of the parts the host of the engine is given as it is. */
export function engineSettings(parts: GatewayProcessParts) {
  return {
    openEngine: parts.openEngine,
    directory: parts.runDirectory,
    threads: parts.options.engineThreads,
    plugins: parts.plugins.map((plugin) => plugin.path),
    budgetsDirectory: parts.budgetsDirectory,
    prices: parts.prices,
    ...(parts.limitStore && { limitStore: parts.limitStore }),
    traceKey: parts.traceKey,
    log: parts.log,
  };
}

/** What of the parts the outputs of records are given as it is. */
export function recordSettings(parts: GatewayProcessParts) {
  return {
    directory: parts.recordsDirectory,
    name: parts.recordsName,
    spoolDirectory: parts.spoolDirectory,
    clock: parts.clock,
    log: parts.log,
  };
}

/** What of the parts the sources of objects are given as it is. */
export function sourceSettings({ options, secrets, env, clock, log }: GatewayProcessParts) {
  const { paths, feed } = options;
  return { paths, ...(feed !== undefined && { feedSocket: feed }), secrets, env, clock, log };
}
