/**
 * Watches directories for changed names. A directory that cannot be watched (limits of inotify, file systems without
 * events) is remembered, told, and left to the caller's periodic sweep.
 */
import { watch } from "node:fs";
import { basename } from "node:path";
import { errorCodeOf } from "../errors.ts";

/** A watch that can be ended. */
export interface WatchHandle {
  close(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Starts to watch one directory, not what is below it; throws a system error when that is not possible. */
export type WatchDirectory = (
  directory: string,
  onEvent: (kind: string, name: string | null) => void,
) => WatchHandle;

/** The machine's own watches. */
export const watchDirectory: WatchDirectory = (directory, onEvent) =>
  watch(directory, (kind, name) => onEvent(kind, name));

/** What a watched directory says: something happened to that entry, or, without a name, to any of them. */
export type OnEntry = (directory: string, name: string | undefined) => void;

/** A directory cannot be watched, with the system's code for why; a directory that does not exist is not told. */
export type OnUnwatched = (directory: string, code: string) => void;

interface Watched {
  readonly handle: WatchHandle;
  readonly inode: string;
  /** Set when the directory itself was moved or deleted: the watch may be dead, and its inode may be used again */
  doubtful: boolean;
}

/** The watches of a tree; `close()` ends them all. */
export class DirectoryWatches {
  readonly #watched = new Map<string, Watched>();
  readonly #unwatched = new Set<string>();
  readonly #watch: WatchDirectory;
  readonly #onEntry: OnEntry;
  readonly #onUnwatched: OnUnwatched;

  constructor(options: { watch: WatchDirectory; onEntry: OnEntry; onUnwatched: OnUnwatched }) {
    this.#watch = options.watch;
    this.#onEntry = options.onEntry;
    this.#onUnwatched = options.onUnwatched;
  }

  /** Whether a directory could not be watched, so that only a sweep notices what happens there. */
  get incomplete(): boolean {
    return this.#unwatched.size > 0;
  }

  /** Watches the directory that has this inode now; does nothing when that is already so. */
  ensure(directory: string, inode: string): void {
    const present = this.#watched.get(directory);
    if (present !== undefined && present.inode === inode && !present.doubtful) return;
    this.drop(directory);
    try {
      const handle = this.#watch(directory, (kind, name) => this.#onEvent(directory, kind, name));
      handle.on("error", (error) => this.#onError(directory, error));
      this.#watched.set(directory, { handle, inode, doubtful: false });
    } catch (error) {
      this.#onError(directory, error);
    }
  }

  /** Ends the watch of a directory that is gone or no longer wanted. */
  drop(directory: string): void {
    this.#unwatched.delete(directory);
    this.#watched.get(directory)?.handle.close();
    this.#watched.delete(directory);
  }

  /** Ends all watches. */
  close(): void {
    for (const { handle } of this.#watched.values()) handle.close();
    this.#watched.clear();
    this.#unwatched.clear();
  }

  #onEvent(directory: string, kind: string, name: string | null): void {
    const watched = this.#watched.get(directory);
    if (watched === undefined) return;
    // Node tells the deletion of the directory itself as an event with its own name.
    if (kind === "rename" && (name === null || name === basename(directory))) {
      watched.doubtful = true;
      this.#onEntry(directory, undefined);
    }
    if (name !== basename(directory) || kind !== "rename") {
      this.#onEntry(directory, name ?? undefined);
    }
  }

  #onError(directory: string, error: unknown): void {
    const code = errorCodeOf(error);
    this.drop(directory);
    if (code === "ENOENT" || code === "ENOTDIR") return;
    this.#unwatched.add(directory);
    this.#onUnwatched(directory, code ?? "unknown error");
  }
}
