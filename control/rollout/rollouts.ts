/** Rollouts of one control process: their state, their objects, their door, and what gateways are told of them. */
import type { Clock } from "../../gateway/clock.ts";
import type { Logger } from "../../gateway/log.ts";
import type { PolicyTrial, TrialReport } from "../../gateway/policy-trial.ts";
import type { GatewayFeed, FedObjects } from "../gateway-feed.ts";
import type { ChangedObjectsOptions } from "./changed-objects.ts";
import { ChangedObjects } from "./changed-objects.ts";
import { RolloutDoor } from "./rollout-door.ts";
import type { RolloutFile } from "./rollout-file.ts";
import { RolloutKeeper } from "./rollout-keeper.ts";

/** What they are made of. */
export interface RolloutsOptions extends ChangedObjectsOptions {
  readonly file: RolloutFile;
  /** Where the command line asks */
  readonly socketPath: string;
  readonly feed: GatewayFeed;
  /** All objects that gateways are told */
  readonly served: () => Pick<FedObjects, "objects" | "resourceVersion">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** `open()` once, `close()` at the end. */
export class Rollouts {
  readonly #keeper: RolloutKeeper;
  readonly #door: RolloutDoor;

  constructor(options: RolloutsOptions) {
    const { file, feed, served, clock, log, socketPath } = options;
    this.#keeper = new RolloutKeeper({
      ...{ file, clock, log },
      objects: new ChangedObjects(options),
      loadCheck: async () => {
        // It compiles as gateways do, with all that these need: seldom, and much to hold.
        const { findTrialProblem } = await import("./trial-check.ts");
        return (changes) => findTrialProblem(objectsOf(served()), changes);
      },
      publish: (trial) => {
        const { resourceVersion } = served();
        feed.publish({ objects: [], removed: [], trial, resourceVersion });
      },
      followers: () => feed.followers,
    });
    this.#door = new RolloutDoor(socketPath, this.#keeper, log);
  }

  /** What gateways are to try now. */
  get trial(): PolicyTrial<readonly unknown[]> | null {
    return this.#keeper.trial;
  }

  /** Goes on with what was begun, and listens. */
  async open(): Promise<void> {
    await this.#keeper.open();
    await this.#door.open();
  }

  /** Takes what a gateway says. */
  hear(report: TrialReport): void {
    this.#keeper.hear(report);
  }

  /** Objects of the store changed. */
  noteChange(): void {
    this.#keeper.noteChange();
  }

  /** Stops listening; resolves when what was begun is written. */
  async close(): Promise<void> {
    await this.#door.close();
    await this.#keeper.close();
  }
}

function* objectsOf({ objects }: Pick<FedObjects, "objects">): Generator<unknown> {
  for (const { object } of objects) yield object;
}
