/**
 * What the control process has beside its objects. None of it stops the API server: what cannot be had is tried again,
 * and its resources answer 503 with the reason meanwhile.
 */
import path from "node:path";
import type { Clock } from "../gateway/clock.ts";
import { ClrkError } from "../gateway/errors.ts";
import type { HomeDirectory } from "../gateway/home-directory.ts";
import { InvocationTraces, invocationTraceKey } from "../gateway/invocation-trace.ts";
import type { Logger } from "../gateway/log.ts";
import type { NatsOptions } from "../gateway/nats-options.ts";
import { readNatsServers } from "../gateway/nats-options.ts";
import { openPlaceholderKey } from "../gateway/placeholder-key.ts";
import { allResources } from "./apiserver/all-resources.ts";
import type { ConnectedResource } from "./apiserver/connected-resource.ts";
import type { ObjectStore } from "./apiserver/object-store.ts";
import type { ServedResource } from "./apiserver/served-resource.ts";
import type { CallLog } from "./dispatch/call-events.ts";
import { openAgents } from "./dispatch/open-agents.ts";
import { InvocationService } from "./invocations/invocation-service.ts";

/** What they are made of. */
export interface ControlServicesOptions {
  readonly home: HomeDirectory;
  /** Private folder of the control process; theirs are in it */
  readonly folder: string;
  /** Not theirs: close it afterwards */
  readonly store: ObjectStore;
  readonly nats: NatsOptions;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Services that run. */
export interface ControlServices {
  /** Resources that they serve through the API server */
  readonly resources: readonly ServedResource[];
  /** Paths that they answer through it */
  readonly connected: readonly ConnectedResource[];
  /** Ends them; the API server is closed before. */
  close(): Promise<void>;
}

/**
 * Starts them. Rejects with CLRK_INVALID_ARGUMENT for options that can never work, CLRK_PRECONDITION_FAILED where the
 * home's key cannot be used.
 */
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
  const traceKey = invocationTraceKey(await openPlaceholderKey(home.placeholderKey));
  const agents = openAgents({
    ...{ store: options.store, resources: allResources(), clock, logger: log },
    log: callLogOf(invocations),
    traces: new InvocationTraces(traceKey),
  });
  return {
    resources: [],
    connected: agents.connected,
    close: async () => {
      await agents.close();
      await invocations.close();
    },
  };
}

/** The log as it is now: a call that comes while there is none is refused, and told why. */
function callLogOf(invocations: InvocationService): CallLog {
  return {
    append: async (event) => {
      const { now } = invocations;
      if (now.kind === "open") return now.invocations.log.append(event);
      throw new ClrkError("CLRK_UNAVAILABLE", now.message, { expose: now.message });
    },
  };
}
