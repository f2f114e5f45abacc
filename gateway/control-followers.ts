/** Who is told what happens in the process as it happens: commands that show it live. */

import type { ControlEvent } from "./control-api.ts";
import type { EgressRecord } from "./record.ts";

/** Takes one event; must return at once. */
export type ControlFollower = (event: ControlEvent) => void;

/** The followers of one process. */
export class ControlFollowers {
  readonly #followers = new Set<ControlFollower>();
  readonly #withoutRecords = new Set<ControlFollower>();

  /** Whether anybody is told of records: otherwise the events need not be made. */
  get wantRecords(): boolean {
    return this.#followers.size > 0;
  }

  /** Tells one everything from now on; gives a function that ends it. */
  add(follower: ControlFollower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Tells one everything but records. */
  addWithoutRecords(follower: ControlFollower): () => void {
    this.#withoutRecords.add(follower);
    return () => this.#withoutRecords.delete(follower);
  }

  /** Tells one the records of a run; `onEnd` is called with the end. */
  addToRun(runId: string, onRecord: (record: EgressRecord) => void, onEnd: () => void): () => void {
    const end = this.add((event) => {
      if (event.kind === "record" && event.record.agent?.uid === runId) onRecord(event.record);
    });
    return () => {
      end();
      onEnd();
    };
  }

  /** Tells all. */
  emit(event: ControlEvent): void {
    const others = event.kind === "record" ? [] : this.#withoutRecords;
    for (const follower of [...this.#followers, ...others]) follower(event);
  }
}
