/**
 * The way of objects through the control process: manifests into the store, what is stored to gateways, and what these
 * found out back into `status`.
 */
import { kinds } from "../../crds/kinds.ts";
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import type { SourceProblem } from "../../gateway/control-api.ts";
import type { Logger } from "../../gateway/log.ts";
import type { SourcedObject } from "../../gateway/manifests.ts";
import { providerProblems } from "../../gateway/provider-problems.ts";
import { openFileSource } from "../../gateway/snapshot-source.ts";
import type { FileSource } from "../../gateway/snapshot-source.ts";
import { whyUnused } from "../../gateway/unused-kinds.ts";
import { allResources } from "../apiserver/all-resources.ts";
import { ObjectDeleter } from "../apiserver/object-deleter.ts";
import type { ObjectKey } from "../apiserver/object-reader.ts";
import type { ObjectChange, ObjectStore } from "../apiserver/object-store.ts";
import { ObjectWriter } from "../apiserver/object-writer.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import { GatewayFeed } from "../gateway-feed.ts";
import { PromotedObjects } from "../rollout/promoted-objects.ts";
import { RolloutFile } from "../rollout/rollout-file.ts";
import { Rollouts } from "../rollout/rollouts.ts";
import { DeletedObjects } from "./deleted-objects.ts";
import type { DeletedObject } from "./deleted-objects.ts";
import { ManifestApplier } from "./manifest-applier.ts";
import { ObjectPublisher } from "./object-publisher.ts";
import { StatusWriter } from "./status-writer.ts";

/** What the flow is made of. */
export interface ObjectFlowOptions {
  /** Not the flow's: close it afterwards */
  readonly store: ObjectStore;
  /** Socket for gateways */
  readonly socketPath: string;
  /** Folder for what is rolled out, which is made; absent: nothing is */
  readonly rolloutFolder?: string;
  /** Socket for whoever asks for rollouts */
  readonly rolloutSocket?: string;
  /** Files and folders with manifests; none: objects come through the API alone */
  readonly paths: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Waits before what could not be applied is tried again, doubled with each up to the longest. */
const firstRetryMs = 1_000;
const longestRetryMs = 30_000;

const noSecrets = { objects: [], problems: [], warnings: [] };

/** The running flow; `open()` once, `close()` at the end. */
export class ObjectFlow {
  readonly #options: ObjectFlowOptions;
  readonly #feed: GatewayFeed;
  readonly #publisher: ObjectPublisher;
  readonly #applier: ManifestApplier;
  readonly #rollouts: Rollouts | undefined;
  readonly #deleted: DeletedObjects;
  #unfollow: () => void = () => {};
  #files: FileSource | undefined;
  /** Of files that cannot be read, and of objects that cannot be applied */
  #inFiles: readonly SourceProblem[] = [];
  #inStore: readonly SourceProblem[] = [];
  #retryTimer: TimerHandle | undefined;
  #retryMs = firstRetryMs;
  #isClosed = false;
  /** Resolves when the manifests of the last change are applied */
  #applying: Promise<void> = Promise.resolve();

  constructor(options: ObjectFlowOptions) {
    this.#options = options;
    const { store, socketPath, clock, log } = options;
    const resources = allResources();
    const writer = new ObjectWriter(store, clock);
    const deleter = new ObjectDeleter(store, clock);
    const statuses = new StatusWriter({ store, writer, resources, clock, log });
    const { rolloutFolder, rolloutSocket } = options;
    const file = rolloutFolder === undefined ? undefined : new RolloutFile(rolloutFolder);
    const overlay = new PromotedObjects(() => file?.items ?? []);
    this.#applier = new ManifestApplier({
      ...{ store, writer, deleter, resources },
      overlay: (sourced) => overlay.formOf(sourced),
    });
    const placeOf = (key: ObjectKey) => this.#applier.placeOf(key);
    this.#publisher = new ObjectPublisher({ store, resources: resources.filter(isFed), placeOf });
    this.#deleted = new DeletedObjects({ store, placeOf });
    this.#feed = new GatewayFeed({
      ...{ socketPath, log, directories: options.paths },
      list: () => ({ ...this.#publisher.list(), trial: this.#rollouts?.trial ?? null }),
      onReport: (report) => void statuses.write(report),
      onTrialReport: (report) => this.#rollouts?.hear(report),
    });
    if (file === undefined || rolloutSocket === undefined) return;
    this.#rollouts = new Rollouts({
      ...{ file, store, writer, deleter, clock, log, socketPath: rolloutSocket },
      resources: resources.filter(isFed),
      fileHashOf: (key) => this.#applier.fileHashOf(key),
      feed: this.#feed,
      served: () => this.#publisher.list(),
    });
  }

  /** Objects of the files that somebody else deleted, and that are in force no more */
  get deleted(): readonly DeletedObject[] {
    return this.#deleted.list();
  }

  /** Applies the manifests, if there are any, and then listens for gateways: the first that they are told is complete. */
  async open(): Promise<void> {
    const { paths, clock, log } = this.#options;
    if (paths.length > 0) {
      this.#files = await openFileSource({
        ...{ paths, secrets: noSecrets, check: providerProblems, clock, log },
        onChange: ({ objects }) => {
          this.#inFiles = [];
          this.#retryMs = firstRetryMs;
          this.#apply(objects);
        },
        onProblems: ({ problems }) => {
          this.#inFiles = problems;
          this.#tellProblems();
        },
      });
      await this.#applying;
    }
    const unfollow = this.#publisher.follow((change) => {
      this.#feed.publish(change);
      this.#rollouts?.noteChange();
    });
    const unsubscribe = this.#options.store.subscribe((changes) => this.#tellDeleted(changes));
    this.#unfollow = () => {
      unfollow();
      unsubscribe();
    };
    await this.#rollouts?.open();
    await this.#feed.open();
  }

  #apply(objects: readonly SourcedObject[]): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#retryTimer);
    this.#applying = this.#applier.apply(objects).then((problems) => {
      this.#inStore = problems;
      this.#tellProblems();
      if (problems.length === 0 || this.#isClosed) return;
      // The disk may have room again, or what was in the way be gone.
      this.#retryTimer = clock.setTimeout(() => this.#apply(objects), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, longestRetryMs);
    });
  }

  #tellDeleted(changes: readonly ObjectChange[]): void {
    for (const change of changes) {
      const deleted = this.#deleted.note(change);
      if (deleted === undefined) continue;
      const message =
        "An object of the files was deleted by others: it is in force again when its part of the file changes, or after a restart";
      this.#options.log.warn(message, { ...deleted });
    }
  }

  #tellProblems(): void {
    this.#feed.setProblems([...this.#inFiles, ...this.#inStore]);
  }

  /** Ends everything but the store; resolves when what was begun is written. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#options.clock.clearTimeout(this.#retryTimer);
    this.#files?.close();
    this.#unfollow();
    await this.#rollouts?.close();
    await this.#feed.close();
    await this.#applying;
  }
}

/** Whether gateways understand objects of the resource. */
function isFed({ apiVersion, kind }: ServedResource): boolean {
  return kinds.some(
    (known) =>
      known.apiVersion === apiVersion &&
      known.kind === kind &&
      known.stored &&
      whyUnused(kind) === undefined,
  );
}
