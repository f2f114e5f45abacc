/** Writes what gateways report into the objects' `status`, where it differs. Of several reports the newest counts. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import type { ObjectReport, ReportedObject } from "../../gateway/object-report.ts";
import { wholeSeconds } from "../apiserver/apply/system-fields.ts";
import type { ObjectStore } from "../apiserver/object-store.ts";
import type { ObjectWriter } from "../apiserver/object-writer.ts";
import { keyOf } from "../apiserver/object-writer.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import { statusOf } from "./object-statuses.ts";
import { changeStatus } from "./status-change.ts";

/** Objects that are looked at before other work gets its turn; their writes are one commit. */
const sliceSize = 100;

/** Whose the fields of `status` become. */
const manager = "clrk-gateway";

/** What a status writer is made of. */
export interface StatusWriterOptions {
  readonly store: ObjectStore;
  readonly writer: ObjectWriter;
  readonly resources: readonly ServedResource[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Writes statuses into one store. */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #resources: ReadonlyMap<string, ServedResource>;
  #waiting: ObjectReport | undefined;
  #working: Promise<void> | undefined;

  /** Does not own the store. */
  constructor(options: StatusWriterOptions) {
    this.#options = options;
    const withStatus = options.resources.filter(({ hasStatus }) => hasStatus);
    this.#resources = new Map(withStatus.map((resource) => [resource.kind, resource]));
  }

  /** Takes a report; one that still waits is forgotten. Resolves when nothing waits; never rejects. */
  write(report: ObjectReport): Promise<void> {
    this.#waiting = report;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async #work(): Promise<void> {
    for (;;) {
      const report = this.#waiting;
      this.#waiting = undefined;
      if (report === undefined) return;
      for (let at = 0; at < report.items.length && this.#waiting === undefined; at += sliceSize) {
        const slice = report.items.slice(at, at + sliceSize);
        await Promise.all(slice.map((item) => this.#writeOne(item)));
        await nextTurn();
      }
    }
  }

  async #writeOne(item: ReportedObject): Promise<void> {
    const { kind, namespace, name } = item.ref;
    const resource = this.#resources.get(kind);
    if (resource === undefined) return;
    const { store, writer, clock, log } = this.#options;
    const now = wholeSeconds(new Date(clock.now()));
    // Secrets of flags and objects that were deleted meanwhile are nobody's loss.
    if (store.reader.find(keyOf(resource, { namespace, name })) === undefined) return;
    try {
      await changeStatus(writer, {
        ...{ resource, namespace, name, manager },
        status: (current) => statusOf(current, item, now),
      });
    } catch (error) {
      const text = `${kind} ${namespace}/${name}`;
      log.warn(`Cannot write the status of ${text}`, { error: describeError(error) });
    }
  }
}
