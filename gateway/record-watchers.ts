/** Whoever looks on as records are made: counts for collectors, reports for screens, events for whoever follows. */
import type { ActivityBookOptions } from "./activity-book.ts";
import { ActivityFeed } from "./activity-feed.ts";
import { ControlFollowers } from "./control-followers.ts";
import { StartMemory } from "./start-memory.ts";
import { TrafficMetrics } from "./traffic-metrics.ts";
import type { EgressRecord } from "./record.ts";

/** The onlookers of one process. */
export class RecordWatchers {
  readonly followers = new ControlFollowers();
  readonly traffic = new TrafficMetrics();
  readonly activity: ActivityFeed;
  /** Of the process, which is over with the first record at the latest */
  readonly start = new StartMemory();

  constructor(options: ActivityBookOptions) {
    this.activity = new ActivityFeed(options);
  }

  /** Takes a record as it may be shown: without what its rule takes out. */
  note(shown: EgressRecord): void {
    this.start.work();
    this.traffic.note(shown);
    this.activity.note(shown);
    if (!this.followers.wantRecords) return;
    // Bodies of a megabyte would end the stream of whoever only looks at lines.
    const live = shown.capture === null ? shown : { ...shown, capture: null };
    this.followers.emit({ kind: "record", record: live });
  }
}
