/** Everything about invocations that a control process has, put together: events in, objects out. */

import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import type { GatewayIdentity, GatewayLife } from "../../gateway/gateway-identity.ts";
import type { Logger } from "../../gateway/log.ts";
import type { NatsServers } from "../../gateway/nats-connection.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import type { EventLog } from "./event-log.ts";
import type { InvocationFeedStatus } from "./invocation-feed.ts";
import { ActiveInvocations } from "./active-invocations.ts";
import { InvocationFeed } from "./invocation-feed.ts";
import { InvocationSource } from "./invocation-source.ts";
import type { RecordCounts, StoreStatus } from "./invocation-store.ts";
import type { MaterialiserStatus } from "./materialiser.ts";
import { LostRuns } from "./lost-runs.ts";
import type { LostRunsStatus } from "./lost-runs.ts";
import { Materialiser } from "./materialiser.ts";
import { openNatsEventLog } from "./nats-event-log.ts";
import { openSqliteEventLog } from "./sqlite-event-log.ts";
import { openSqliteInvocationStore } from "./sqlite-invocation-store.ts";
import type { RootSpansStatus, TakeRoots } from "./root-spans.ts";
import { RootSpans } from "./root-spans.ts";
import { UsageFeed } from "./usage-feed.ts";
import type { UsageFeedStatus } from "./usage-feed.ts";

/** What is needed. */
export interface InvocationsOptions {
  /** Private folder for the files; made where it is not there */
  readonly directory: string;
  /** Folder in which gateways write records, and what becomes of runs; absent: nobody does */
  readonly recordsDirectory?: string;
  /** What becomes of the gateways that write there, as `gatewayLookout()` tells it; absent: nobody knows of any */
  readonly lookForGateway?: (identity: GatewayIdentity) => GatewayLife;
  /** Takes the root spans of calls, and of runs whose gateways were killed; absent: nobody wants them */
  readonly takeRoots?: TakeRoots;
  /** Where the log is; absent: in a file of the folder */
  readonly nats?: NatsServers;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** State of all parts. */
export interface InvocationsStatus {
  readonly store: StoreStatus;
  readonly materialiser: MaterialiserStatus;
  readonly lostRuns: LostRunsStatus;
  readonly rootSpans: RootSpansStatus;
  /** Absent where no gateway writes */
  readonly feed?: InvocationFeedStatus;
  /** Absent where no gateway writes */
  readonly usage?: UsageFeedStatus;
}

/** Invocations of a control process. */
export interface Invocations {
  /** Takes events of whoever runs agents */
  readonly log: EventLog;
  /** Get, list and watch */
  readonly source: InvocationSource;
  /** Those that have not ended */
  readonly active: ActiveInvocations;
  /** Counts records towards their invocations, each once. Throws CLRK_STORAGE_FAILED when none of them was counted. */
  addRecords(records: readonly EgressRecord[]): RecordCounts;
  status(): InvocationsStatus;
  /** Ends everything in its order; what is logged and not yet in the store is taken by the next process. */
  close(): Promise<void>;
}

/** Old invocations go also where nothing else happens. */
const pruneEveryMs = 60_000;

/**
 * Opens the files, or rejects with CLRK_STORAGE_FAILED where another process has them, CLRK_UNAVAILABLE where NATS does
 * not answer.
 */
export async function openInvocations(options: InvocationsOptions): Promise<Invocations> {
  const { directory, recordsDirectory, nats, clock, logger } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = (name: string) => path.join(directory, name);
  const store = openSqliteInvocationStore({ path: file("invocations.db"), clock });
  let log: EventLog;
  try {
    log =
      nats === undefined
        ? openSqliteEventLog({ path: file("events.db"), clock })
        : await openNatsEventLog({ ...nats, clock });
  } catch (error) {
    store.close();
    throw error;
  }
  const source = new InvocationSource({ store, clock });
  const materialiser = new Materialiser({ log, store, clock, logger });
  materialiser.start();
  const active = new ActiveInvocations({ log, store, clock });
  const positionsFile = file("feed.json");
  const feed =
    recordsDirectory === undefined
      ? undefined
      : new InvocationFeed({ directory: recordsDirectory, positionsFile, log, clock, logger });
  feed?.start();
  const usage =
    recordsDirectory === undefined
      ? undefined
      : new UsageFeed({ directory: recordsDirectory, store, clock, logger });
  usage?.start();
  const { lookForGateway = () => "unknown" } = options;
  const lost = new LostRuns({
    ...{ active, log, lookForGateway, clock, logger },
    readAll: async () => (await feed?.readAll()) ?? true,
  });
  lost.start();
  const takeRoots = options.takeRoots ?? (async () => "taken" as const);
  const roots = new RootSpans({ ...{ store, clock, logger }, take: takeRoots });
  roots.start();
  const pruning = repeat(clock, () => store.prune());
  return {
    log,
    source,
    active,
    addRecords: (records) => store.addRecords(records),
    status: () => ({
      store: store.status,
      materialiser: materialiser.status,
      lostRuns: lost.status,
      rootSpans: roots.status,
      ...(feed && { feed: feed.status }),
      ...(usage && { usage: usage.status }),
    }),
    close: async () => {
      pruning.stop();
      active.close();
      // It waits for the feed where it looks, and tells nothing once its log is closed.
      const looked = lost.close();
      await feed?.close();
      await looked;
      await usage?.close();
      await materialiser.close();
      await roots.close();
      source.close();
      await log.close();
      store.close();
    },
  };
}

function repeat(clock: Clock, work: () => void): { readonly stop: () => void } {
  let timer: TimerHandle | undefined;
  const arm = () => {
    timer = clock.setTimeout(() => {
      try {
        work();
      } catch {
        // The disk is full: the materialiser has told, and the next time may be better.
      }
      arm();
    }, pruneEveryMs);
    timer.unref();
  };
  arm();
  return { stop: () => clock.clearTimeout(timer) };
}
