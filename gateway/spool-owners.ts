/**
 * Who has which folder of OTLP spools, in one process that follows what is desired: a folder goes from one receiver to the
 * next only when the first has given it up, and what nobody desires any more is removed.
 */
import path from "node:path";
import type { Clock } from "./clock.ts";
import { describeError } from "./errors.ts";
import type { Logger } from "./log.ts";
import type { PipeSpool } from "./otlp-pipe.ts";
import { removeSpool, removeStaleSpools } from "./otlp-spool-folders.ts";

/** What all folders have in common. */
export interface SpoolOwnersOptions {
  /** Private folder of all; absent: nothing is spooled */
  readonly directory?: string | undefined;
  /** Of one signal of one receiver */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A receiver that is desired no more. */
export interface FormerOwner {
  /** For messages */
  readonly label: string;
  /** Name of its folder; absent: it had none */
  readonly folder: string | undefined;
  /** Whether somebody has the folder next */
  readonly isWanted: boolean;
  /** Resolves when it has given the folder up */
  readonly ended: Promise<void>;
}

/** The folders of one process. */
export class SpoolOwners {
  readonly #options: SpoolOwnersOptions;
  /** Of a folder: when whoever had it has given it up */
  readonly #ending = new Map<string, Promise<void>>();
  #hasCleaned = false;

  constructor(options: SpoolOwnersOptions) {
    this.#options = options;
  }

  /** The spool for a new owner of a folder, which waits for the one before; undefined where nothing is spooled. */
  spool(folder: string): PipeSpool | undefined {
    const { directory, maxBytes } = this.#options;
    if (directory === undefined) return undefined;
    const after = this.#ending.get(folder);
    return {
      directory: path.join(directory, folder),
      maxBytes,
      ...(after !== undefined && { after }),
    };
  }

  /**
   * Waits for an owner to end, in the background. What is on disk for a place that is no more is removed then: whoever has
   * its name next is another. Never throws.
   */
  giveUp({ label, folder, isWanted, ended }: FormerOwner): void {
    const { directory, log } = this.#options;
    const removed = ended.then(async () => {
      if (isWanted || folder === undefined || directory === undefined) return;
      await removeSpool(path.join(directory, folder));
    });
    const settled = removed.catch((error: unknown) => {
      log.error("Cannot end a receiver", { label, error: describeError(error) });
    });
    if (folder === undefined) return;
    this.#ending.set(folder, settled);
    void settled.then(() => this.#ending.get(folder) === settled && this.#ending.delete(folder));
  }

  /** Removes, the first time, what is not `wanted` and a process before may have left. Never throws. */
  clean(wanted: ReadonlySet<string>): void {
    const { directory, clock, log } = this.#options;
    if (this.#hasCleaned || directory === undefined) return;
    this.#hasCleaned = true;
    void removeStaleSpools(directory, wanted, { nowMs: clock.now(), log });
  }

  /** Resolves when all that were given up are. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all(this.#ending.values());
  }
}
