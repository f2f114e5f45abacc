/**
 * Tells screens what the agents do, four times a second while there is news. What it costs does not depend on how much
 * passes, but for counting it; and nothing is counted before somebody looked.
 */
import type { ActivityBookOptions } from "./activity-book.ts";
import { ActivityBook } from "./activity-book.ts";
import type { ActivityReport } from "./activity-report.ts";
import type { TimerHandle } from "./clock.ts";
import type { EgressRecord } from "./record.ts";

const reportMs = 250;
/** The minute goes on also when nothing happens. */
const reportsPerSecond = 1_000 / reportMs;
const maxRecords = 32;

interface Follower {
  readonly onReport: (report: ActivityReport) => void;
  /** Newest last */
  records: EgressRecord[];
  noted: number;
}

/** The feed of one process; it rests while nobody follows. */
export class ActivityFeed {
  readonly #options: ActivityBookOptions;
  readonly #followers = new Set<Follower>();
  #book: ActivityBook | undefined;
  #timer: TimerHandle | undefined;
  #ticks = 0;

  constructor(options: ActivityBookOptions) {
    this.#options = options;
  }

  /** Counts a record, once anybody has followed. */
  note(record: EgressRecord): void {
    if (this.#book === undefined) return;
    this.#book.note(record);
    for (const follower of this.#followers) {
      follower.noted++;
      follower.records.push(record);
      // Cut in one go, so that a record costs no move of all others.
      if (follower.records.length >= 2 * maxRecords) {
        follower.records = follower.records.slice(-maxRecords);
      }
    }
  }

  /** Calls back with a report of all agents at once, then with news; returns the way to end that. */
  follow(onReport: (report: ActivityReport) => void): () => void {
    this.#book ??= new ActivityBook(this.#options);
    const follower: Follower = { onReport, records: [], noted: 0 };
    this.#followers.add(follower);
    const { total, lastMinute } = this.#book;
    onReport({ total, lastMinute, agents: this.#book.agents("all"), lines: [], skipped: 0 });
    this.#arm();
    return () => {
      this.#followers.delete(follower);
      if (this.#followers.size > 0) return;
      this.#options.clock.clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#options.clock.setTimeout(() => this.#tick(), reportMs);
    this.#timer.unref();
  }

  #tick(): void {
    this.#timer = undefined;
    this.#arm();
    this.#ticks++;
    const book = this.#book;
    if (book === undefined) return;
    const isSecond = this.#ticks % reportsPerSecond === 0;
    const agents = book.agents(isSecond ? "changed-or-active" : "changed");
    const hasNews = agents.length > 0 || [...this.#followers].some(({ noted }) => noted > 0);
    if (!hasNews) return;
    const { total, lastMinute } = book;
    for (const follower of [...this.#followers]) {
      const lines = follower.records.slice(-maxRecords).map((record) => book.line(record));
      const skipped = follower.noted - lines.length;
      follower.records = [];
      follower.noted = 0;
      follower.onReport({ total, lastMinute, agents, lines, skipped });
    }
  }
}
