/**
 * What the control process has beside its objects. None of it stops the API server: what cannot be had is tried again,
 * and its resources answer 503 with the reason meanwhile.
 */
import path from "node:path";
import type { Clock } from "../gateway/clock.ts";
import type { HomeDirectory } from "../gateway/home-directory.ts";
import type { Logger } from "../gateway/log.ts";
import type { NatsOptions } from "../gateway/nats-options.ts";
import { readNatsServers } from "../gateway/nats-options.ts";
import type { ConnectedResource } from "./apiserver/api-context.ts";
import type { ServedResource } from "./apiserver/served-resource.ts";
import { InvocationService } from "./invocations/invocation-service.ts";
import { readResources } from "./read-api/read-resources.ts";
import { readClickHouse } from "./telemetry-words.ts";
import type { TelemetryWords } from "./telemetry-words.ts";
import { agentReceiver } from "./telemetry/agent-receiver.ts";
import { TelemetryService } from "./telemetry/telemetry-service.ts";

/** Age at which telemetry is dropped. */
const telemetryAgeMs = 7 * 24 * 3_600_000;

/** What they are made of. */
export interface ControlServicesOptions {
  readonly home: HomeDirectory;
  /** Private folder of the control process; theirs are in it */
  readonly folder: string;
  readonly nats: NatsOptions;
  readonly telemetry: TelemetryWords;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Services that run. */
export interface ControlServices {
  /** Resources that they serve through the API server */
  readonly resources: readonly ServedResource[];
  /** Paths that they answer below it */
  readonly connected: readonly ConnectedResource[];
  /** Begins with what takes long: call it when the API server listens. */
  start(): void;
  /** Ends them; the API server is closed before. */
  close(): Promise<void>;
}

/** Starts them. Rejects with CLRK_INVALID_ARGUMENT for options that can never work. */
export async function openControlServices(
  options: ControlServicesOptions,
): Promise<ControlServices> {
  const { home, folder, clock, log } = options;
  const nats = await readNatsServers(options.nats);
  const invocations = new InvocationService({
    directory: path.join(folder, "invocations"),
    recordsDirectory: home.records,
    ...(nats !== undefined && { nats }),
    clock,
    logger: log,
  });
  const server = readClickHouse(options.telemetry, process.env);
  const receiver = options.telemetry.telemetryOff
    ? undefined
    : await agentReceiver({
        home,
        ...(options.telemetry.otlpPort !== undefined && { port: options.telemetry.otlpPort }),
        findEndMs: (namespace, id) => endOf(invocations, namespace, id),
        clock,
        log,
      });
  const telemetry = new TelemetryService({
    directory: path.join(home.root, "telemetry"),
    recordsDirectory: home.records,
    isOff: options.telemetry.telemetryOff,
    maxAgeMs: telemetryAgeMs,
    ...(server !== undefined && { server }),
    ...(receiver !== undefined && { receiver }),
    clock,
    log,
  });
  invocations.start();
  return {
    resources: [],
    connected: readResources({ state: () => telemetry.now, clock, log, maxAgeMs: telemetryAgeMs }),
    start: () => telemetry.start(),
    close: async () => {
      await Promise.all([invocations.close(), telemetry.close()]);
    },
  };
}

/** Unix `ms` at which an invocation ended; undefined where that is not known, or not known yet. */
function endOf(service: InvocationService, namespace: string, id: string): number | undefined {
  const { now } = service;
  if (now.kind !== "open") return undefined;
  const { completionTime } = now.invocations.source.get(namespace, id)?.status ?? {};
  return completionTime === undefined ? undefined : Date.parse(completionTime);
}
