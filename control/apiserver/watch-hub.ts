/** All running watches: bounded in number, fed with every commit, told how far they are, ended with the server. */
import type { ServerResponse } from "node:http";
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import type { ObjectChange, ObjectStore } from "./object-store.ts";
import { tooManyRequests } from "./status-error.ts";
import { SourceWatch } from "./source-watch.ts";
import type { SourceWatchOptions } from "./source-watch.ts";
import type { WatchEnd } from "./watch-response.ts";
import { WatchSession } from "./watch-session.ts";
import type { WatchOptions } from "./watch-session.ts";

/** How watches have ended since the start. */
export type WatchCounts = Readonly<Record<WatchEnd, number>>;

/** Most watches at once: each holds a connection and its share of every change. */
const defaultMaxWatches = 2_000;

/** Often enough that a quiet watcher's revision stays within what is kept. */
const bookmarkEveryMs = 60_000;

/** See the file; the store is the caller's. */
export class WatchHub {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #maxWatches: number;
  readonly #sessions = new Map<string, Set<WatchSession>>();
  readonly #sourceWatches = new Set<SourceWatch>();
  readonly #ended: Record<WatchEnd, number> = { closed: 0, timeout: 0, slow: 0, expired: 0 };
  readonly #unsubscribe: () => void;
  #timer: TimerHandle | undefined;
  #count = 0;

  /** Follows the store from now on. */
  constructor(store: ObjectStore, clock: Clock, limits: { readonly maxWatches?: number } = {}) {
    this.#store = store;
    this.#clock = clock;
    this.#maxWatches = limits.maxWatches ?? defaultMaxWatches;
    this.#unsubscribe = store.subscribe((changes) => this.#dispatch(changes));
    this.#armBookmarks();
  }

  /** Number of watches that run */
  get running(): number {
    return this.#count;
  }

  /** How many have ended, by reason */
  get ended(): WatchCounts {
    return { ...this.#ended };
  }

  /** Starts a watch; resolves when it follows live, or has ended. Throws a 429 when there are too many. */
  start(options: WatchOptions, response: ServerResponse): Promise<void> {
    this.#refuseTooMany();
    const session = new WatchSession(options, {
      store: this.#store,
      clock: this.#clock,
      response,
      onEnd: (reason) => {
        this.#ended[reason]++;
        if (this.#sessions.get(session.storage)?.delete(session) === true) this.#count--;
      },
    });
    const sessions = this.#sessions.get(session.storage) ?? new Set();
    this.#sessions.set(session.storage, sessions.add(session));
    this.#count++;
    return session.run();
  }

  /** Starts a watch of what a source has, which goes on by itself. Throws a 429 when there are too many. */
  startSource(options: SourceWatchOptions, response: ServerResponse): void {
    this.#refuseTooMany();
    const watch = new SourceWatch(options, {
      clock: this.#clock,
      response,
      onEnd: (reason) => {
        this.#ended[reason]++;
        if (this.#sourceWatches.delete(watch)) this.#count--;
      },
    });
    this.#sourceWatches.add(watch);
    this.#count++;
    // A source that cannot be read ends this watch: its client comes back, and is told.
    watch.run().catch(() => watch.close());
  }

  /** Ends all watches; safe to call again. */
  close(): void {
    this.#unsubscribe();
    this.#clock.clearTimeout(this.#timer);
    for (const sessions of this.#sessions.values())
      for (const session of [...sessions]) session.close();
    for (const watch of [...this.#sourceWatches]) watch.close();
  }

  #refuseTooMany(): void {
    if (this.#count < this.#maxWatches) return;
    throw tooManyRequests(
      `too many watches: ${this.#count} run, at most ${this.#maxWatches} are served`,
    );
  }

  #dispatch(changes: readonly ObjectChange[]): void {
    for (const [storage, sessions] of this.#sessions) {
      if (sessions.size === 0) continue;
      const own = changes.filter(({ resource }) => resource === storage);
      if (own.length === 0) continue;
      for (const session of [...sessions]) tell(session, own);
    }
  }

  #armBookmarks(): void {
    this.#timer = this.#clock.setTimeout(() => {
      for (const sessions of this.#sessions.values()) {
        for (const session of [...sessions]) session.sendBookmark();
      }
      this.#armBookmarks();
    }, bookmarkEveryMs);
    this.#timer.unref();
  }
}

/** A watch that cannot be served ends; its client comes back, and the others hear of the change all the same. */
function tell(session: WatchSession, changes: readonly ObjectChange[]): void {
  try {
    session.onChanges(changes);
  } catch {
    session.close();
  }
}
