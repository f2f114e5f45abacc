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
import type { ServedResource } from "./apiserver/served-resource.ts";
import { invocationResource } from "./invocations/invocation-resource.ts";
import { InvocationService } from "./invocations/invocation-service.ts";

/** What they are made of. */
export interface ControlServicesOptions {
  readonly home: HomeDirectory;
  /** Private folder of the control process; theirs are in it */
  readonly folder: string;
  readonly nats: NatsOptions;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Services that run. */
export interface ControlServices {
  /** Resources that they serve through the API server */
  readonly resources: readonly ServedResource[];
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
  invocations.start();
  return {
    resources: [invocationResource(invocations)],
    close: () => invocations.close(),
  };
}
