/**
 * Objects from files, kept up to date: files are watched, changed ones are parsed, and each consistent set is handed on
 * as a whole. While anything is invalid the last good set stays, and what is wrong is told with its place.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock, TimerHandle } from "./clock.ts";
import type { SourceProblem } from "./control-api.ts";
import { describeError } from "./errors.ts";
import type { Logger } from "./log.ts";
import type { ManifestReading, SourcedObject } from "./manifests.ts";
import type { PolicyTrial } from "./policy-trial.ts";
import { watchDirectory } from "./manifests/directory-watch.ts";
import type { WatchDirectory } from "./manifests/directory-watch.ts";
import { ManifestTree } from "./manifests/manifest-tree.ts";
import type { FileChange } from "./manifests/manifest-tree.ts";
import { describeChanges, joinObjects, losesObjects, saysTheSame } from "./manifests/object-set.ts";
import type { ObjectSet } from "./manifests/object-set.ts";

/** Waits for the other events of one save: editors and `kubectl`-like tools cause several within a millisecond. */
const coalesceMs = 2;

/** A file that may be half written counts as finished when it did not change for so long. */
const quietMs = 10;

/** An invalid set, or one that lost objects, is believed when it stayed so for so long: a save may be under way. */
const settleMs = 50;

/** However busy the files are, what they hold is handed on after so long. */
const longestWaitMs = 1_000;

/** Distance between sweeps over all files, which make good what events miss. */
const sweepMs = 5_000;

/** The same where a directory cannot be watched. */
const unwatchedSweepMs = 1_000;

/** A sweep takes at most one part in so many of the time. */
const sweepShare = 50;

/** Longest piece of work before other work of the process gets its turn. */
const sliceNs = 5_000_000n;

/** More changed paths than this are not looked at one by one. */
const maxDirtyPaths = 10_000;

/** A consistent set of objects, handed on at the start and whenever it differs from the one before. */
export interface LoadedObjects {
  /** Each object once, in the order of files and documents, Secrets of other sources last */
  readonly objects: readonly SourcedObject[];
  /** What works but deserves a change */
  readonly warnings: readonly SourceProblem[];
  /** Always empty, so that one reader can take both outcomes */
  readonly problems: readonly [];
  /** Files whose content differs from the set before, removed ones included */
  readonly changedFiles: readonly string[];
  /** One line for each object that differs, such as `Secret default/openai added`; never a value of a field */
  readonly changes: readonly string[];
  /** `Clock.monotonicNs()` when the first sign of the change was noticed */
  readonly startedNs: bigint;
  /** What is tried on a share of agents: all objects as these have them, or why it cannot be. Absent: nothing is */
  readonly trial?: PolicyTrial<readonly SourcedObject[] | string>;
}

/** Why the files as they are now cannot be used. */
export interface LoadProblems {
  /** At most 200 and a count */
  readonly problems: readonly SourceProblem[];
  /** Time in `ms` since the set that stays was handed on; absent when there was none yet */
  readonly lastGoodAgeMs?: number;
}

/** What `openFileSource()` takes. */
export interface FileSourceOptions {
  /** Files, and directories that are read with all below them, except hidden names and `node_modules` */
  readonly paths: readonly string[];
  /** Secrets that are in no manifest, as they are at the start */
  readonly secrets: ManifestReading;
  /** What is wrong with all objects together, beyond what each says by itself; default nothing */
  readonly check?: (objects: readonly SourcedObject[]) => readonly SourceProblem[];
  readonly clock: Clock;
  readonly log: Logger;
  /** A new set is there; must not throw */
  readonly onChange: (loaded: LoadedObjects) => void;
  /** The files are invalid now; called again only when the problems or the files changed; must not throw */
  readonly onProblems: (found: LoadProblems) => void;
  /** How directories are watched; default the machine's own way */
  readonly watch?: WatchDirectory;
}

/** A running source. */
export interface FileSource extends AsyncDisposable {
  /**
   * Replaces the Secrets that are in no manifest: the new set is handed on at once, unless a save is under way. While
   * files are invalid it is handed on with the last good ones: a mistake in them must not keep a value from its renewal.
   */
  setSecrets(secrets: ManifestReading): void;
  /** Ends all watches and timers; no callback comes after it was called. Idempotent. */
  close(): void;
}

/**
 * Reads everything once, calls back with the outcome, and then resolves; later calls follow the files. Invalid files
 * are no failure: the source goes on and waits for better ones.
 */
export async function openFileSource(options: FileSourceOptions): Promise<FileSource> {
  const source = new ManifestSource(options);
  try {
    await source.open();
  } catch (error) {
    source.close();
    throw error;
  }
  return source;
}

/** Changes that were noticed and not handed on yet. */
interface Batch {
  readonly startedNs: bigint;
  readonly changes: Map<string, FileChange>;
  lastChangeNs: bigint;
}

/** What stays while files are invalid. */
interface LastGood {
  readonly set: ObjectSet;
  /** What the set was made of */
  readonly files: readonly ManifestReading[];
  readonly secrets: ManifestReading;
  readonly atNs: bigint;
}

class ManifestSource implements FileSource {
  readonly #options: FileSourceOptions;
  #secrets: ManifestReading;
  readonly #tree: ManifestTree;
  readonly #dirty = new Set<string>();
  readonly #changedFiles = new Set<string>();
  #noticedNs: bigint | undefined;
  #batch: Batch | undefined;
  #isSweepDue = false;
  #pathProblems: readonly SourceProblem[] = [];
  #lastGood: LastGood | undefined;
  #reported: readonly SourceProblem[] = [];
  #coalesceTimer: TimerHandle | undefined;
  #settleTimer: TimerHandle | undefined;
  #sweepTimer: TimerHandle | undefined;
  #work: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: FileSourceOptions) {
    this.#options = options;
    this.#secrets = options.secrets;
    const { paths, log, watch = watchDirectory } = options;
    this.#tree = new ManifestTree({ paths, log, watch, onEvent: (path) => this.#onEvent(path) });
  }

  async open(): Promise<void> {
    const startedNs = this.#nowNs();
    await this.#inSlices(this.#tree.sweep());
    this.#batch = {
      startedNs,
      changes: new Map(this.#tree.takeChanges()),
      lastChangeNs: startedNs,
    };
    this.#pathProblems = this.#tree.pathProblems;
    this.#deliver(this.#batch, this.#join());
    this.#armSweep(0n);
    // Events of the time of the first sweep were only collected.
    if (this.#dirty.size > 0) this.#wake();
  }

  setSecrets(secrets: ManifestReading): void {
    if (this.#isClosed) return;
    this.#secrets = secrets;
    const nowNs = this.#nowNs();
    this.#batch ??= { startedNs: nowNs, changes: new Map(), lastChangeNs: nowNs };
    this.#conclude(this.#batch);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { clock } = this.#options;
    for (const timer of [this.#coalesceTimer, this.#settleTimer, this.#sweepTimer]) {
      clock.clearTimeout(timer);
    }
    this.#tree.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#work;
  }

  #nowNs(): bigint {
    return this.#options.clock.monotonicNs();
  }

  #onEvent(path: string): void {
    if (this.#isClosed) return;
    this.#noticedNs ??= this.#nowNs();
    if (this.#dirty.size < maxDirtyPaths) this.#dirty.add(path);
    else this.#isSweepDue = true;
    if (this.#lastGood === undefined && this.#reported.length === 0) return;
    this.#coalesceTimer ??= this.#options.clock.setTimeout(() => {
      this.#coalesceTimer = undefined;
      this.#wake();
    }, coalesceMs);
  }

  #wake(): void {
    if (this.#isClosed) return;
    this.#work ??= this.#drain().then(
      () => {
        this.#work = undefined;
      },
      (error: unknown) => {
        this.#work = undefined;
        this.#options.log.error(`Cannot read manifests: ${describeError(error)}`);
      },
    );
  }

  async #drain(): Promise<void> {
    while (!this.#isClosed && (this.#dirty.size > 0 || this.#isSweepDue)) {
      const noticedNs = this.#noticedNs ?? this.#nowNs();
      this.#noticedNs = undefined;
      const paths = [...this.#dirty];
      this.#dirty.clear();
      if (this.#isSweepDue) await this.#sweep();
      for (const path of paths) await this.#inSlices(this.#tree.refresh(path));
      this.#collect(noticedNs);
    }
  }

  async #sweep(): Promise<void> {
    this.#isSweepDue = false;
    this.#options.clock.clearTimeout(this.#sweepTimer);
    const startNs = this.#nowNs();
    await this.#inSlices(this.#tree.sweep());
    this.#armSweep(this.#nowNs() - startNs);
  }

  #armSweep(tookNs: bigint): void {
    if (this.#isClosed) return;
    const atLeastMs = this.#tree.needsSweeps ? unwatchedSweepMs : sweepMs;
    const delayMs = Math.max(atLeastMs, (Number(tookNs) / 1e6) * sweepShare);
    this.#sweepTimer = this.#options.clock.setTimeout(() => {
      this.#isSweepDue = true;
      this.#wake();
    }, delayMs);
  }

  async #inSlices(steps: Generator<void>): Promise<void> {
    let untilNs = this.#nowNs() + sliceNs;
    while (!this.#isClosed && steps.next().done !== true) {
      if (this.#nowNs() < untilNs) continue;
      await nextTurn();
      untilNs = this.#nowNs() + sliceNs;
    }
  }

  #collect(noticedNs: bigint): void {
    if (this.#isClosed) return;
    const changes = this.#tree.takeChanges();
    const { pathProblems } = this.#tree;
    const isSame = changes.size === 0 && saysTheSame(pathProblems, this.#pathProblems);
    if (!isSame) {
      this.#pathProblems = pathProblems;
      const lastChangeNs = this.#nowNs();
      this.#batch ??= { startedNs: noticedNs, changes: new Map(), lastChangeNs };
      this.#batch.lastChangeNs = lastChangeNs;
      for (const [path, change] of changes) this.#batch.changes.set(path, change);
    }
    if (this.#batch !== undefined) this.#conclude(this.#batch);
  }

  /** Hands the batch on, or comes back to it when what is on disk may be the middle of a save. */
  #conclude(batch: Batch): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#settleTimer);
    const set = this.#join();
    const nowNs = this.#nowNs();
    const quietForMs = Number(nowNs - batch.lastChangeNs) / 1e6;
    const waitMs = Math.min(
      this.#quietNeededMs(batch, set) - quietForMs,
      longestWaitMs - Number(nowNs - batch.startedNs) / 1e6,
    );
    if (waitMs <= 0) {
      this.#deliver(batch, set);
      return;
    }
    this.#settleTimer = clock.setTimeout(() => {
      // Read again, not only looked at: two writes within one tick of the file system's clock look the same.
      for (const path of batch.changes.keys()) this.#dirty.add(path);
      if (batch.changes.size === 0) this.#isSweepDue = true;
      this.#wake();
    }, Math.ceil(waitMs));
  }

  #quietNeededMs(batch: Batch, set: ObjectSet): number {
    if (set.problems.length > 0) return settleMs;
    if (this.#lastGood !== undefined && losesObjects(this.#lastGood.set, set)) return settleMs;
    const isUnfinished = [...batch.changes.values()].includes("perhaps unfinished");
    return isUnfinished ? quietMs : 0;
  }

  #join(files: Iterable<ManifestReading> = this.#tree.readings()): ObjectSet {
    const set = joinObjects([...files, this.#secrets]);
    if (set.problems.length > 0) return set;
    return { ...set, problems: this.#options.check?.([...set.objects.values()]) ?? [] };
  }

  #deliver(batch: Batch, set: ObjectSet): void {
    this.#batch = undefined;
    for (const path of batch.changes.keys()) this.#changedFiles.add(this.#tree.displayPath(path));
    if (set.problems.length === 0) {
      const changedFiles = [...this.#changedFiles].sort();
      this.#changedFiles.clear();
      this.#deliverObjects(batch, { set, files: [...this.#tree.readings()] }, changedFiles);
      return;
    }
    this.#deliverSecrets(batch);
    this.#deliverProblems(batch, set);
  }

  #deliverSecrets(batch: Batch): void {
    const lastGood = this.#lastGood;
    if (lastGood === undefined || lastGood.secrets === this.#secrets) return;
    const { files } = lastGood;
    const set = this.#join(files);
    if (set.problems.length === 0) this.#deliverObjects(batch, { set, files }, []);
  }

  #deliverProblems(batch: Batch, { problems }: ObjectSet): void {
    if (batch.changes.size === 0 && saysTheSame(problems, this.#reported)) return;
    this.#reported = problems;
    const lastGood = this.#lastGood;
    const lastGoodAgeMs = lastGood && Number(this.#nowNs() - lastGood.atNs) / 1e6;
    this.#options.onProblems({ problems, ...(lastGoodAgeMs !== undefined && { lastGoodAgeMs }) });
  }

  #deliverObjects(
    { startedNs }: Batch,
    { set, files }: Pick<LastGood, "set" | "files">,
    changedFiles: readonly string[],
  ): void {
    const before = this.#lastGood?.set;
    const secrets = this.#secrets;
    const changes = describeChanges(before, set);
    const isNews = before === undefined || changes.length > 0 || this.#reported.length > 0;
    if (!isNews && saysTheSame(before.warnings, set.warnings)) {
      // The same objects, perhaps at other lines: nobody has to act on that.
      this.#lastGood = this.#lastGood && { ...this.#lastGood, set, files, secrets };
      return;
    }
    this.#lastGood = { set, files, secrets, atNs: this.#nowNs() };
    this.#reported = [];
    const objects = [...set.objects.values()];
    const { warnings } = set;
    this.#options.onChange({ objects, warnings, problems: [], changedFiles, changes, startedNs });
  }
}
