/**
 * The manifest files below some paths, as they are on disk: a sweep looks at all of them, a refresh at one. Both use
 * the same rules, so that an event that got lost is made good by the next sweep. Content is parsed only when it changed.
 */
import { readdirSync, statSync } from "node:fs";
import type { BigIntStats, Dirent } from "node:fs";
import { basename, dirname, join, normalize, resolve } from "node:path";
import type { SourceProblem } from "../control-api.ts";
import { errorCodeOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { ManifestReading } from "../manifests.ts";
import { DirectoryWatches } from "./directory-watch.ts";
import type { WatchDirectory } from "./directory-watch.ts";
import {
  describeReadError,
  identityOf,
  inodeOf,
  isManifestName,
  readManifestFile,
} from "./manifest-file.ts";
import type { ManifestFile } from "./manifest-file.ts";
import { saysTheSame } from "./object-set.ts";

const defaultLimits: TreeLimits = { files: 20_000, textLength: 64 * 1024 * 1024 };

/** Deepest directory below a path; symbolic links can make a tree without end. */
const maxDirectoryDepth = 32;

/** How a file came to differ: put in place as a whole, or in a way that a writer may not have finished. */
export type FileChange = "replaced" | "perhaps unfinished" | "removed";

/** What a tree is made of. */
export interface ManifestTreeOptions {
  /** Directories and files, as the user wrote them */
  readonly paths: readonly string[];
  readonly watch: WatchDirectory;
  readonly log: Logger;
  /** Something may have happened to this path: give it to `refresh()` soon */
  readonly onEvent: (path: string) => void;
  /** Most files and most UTF-16 units of text in all; default 20,000 and 64 Mi */
  readonly limits?: TreeLimits;
}

/** Bounds of what a tree holds; what is beyond is a problem. */
export interface TreeLimits {
  readonly files: number;
  readonly textLength: number;
}

interface Root {
  readonly path: string;
  /** As the user wrote it, made regular */
  readonly file: string;
}

interface Directory {
  readonly file: string;
  readonly depth: number;
  /** Inodes of the directories above: meeting one again is a circle of links */
  readonly above: ReadonlySet<string>;
  /** Names that were there and are not ignored */
  readonly entries: Set<string>;
}

/** Reads and watches until `close()`. */
export class ManifestTree {
  readonly #roots: readonly Root[];
  readonly #files = new Map<string, ManifestFile>();
  readonly #directories = new Map<string, Directory>();
  readonly #pathProblems = new Map<string, SourceProblem>();
  readonly #watches: DirectoryWatches;
  readonly #lookouts: DirectoryWatches;
  readonly #onEvent: (path: string) => void;
  #changes = new Map<string, FileChange>();
  readonly #log: Logger;
  readonly #limits: TreeLimits;
  #hasWarned = false;
  #sorted: readonly string[] | undefined;
  #totalText = 0;
  /** Files that are beyond a limit */
  readonly #surplus = new Set<string>();

  constructor(options: ManifestTreeOptions) {
    const { paths, watch, onEvent } = options;
    this.#log = options.log;
    this.#limits = options.limits ?? defaultLimits;
    const roots = paths.map((path) => ({ path: resolve(path), file: displayed(path) }));
    this.#roots = [...new Map(roots.map((root) => [root.path, root])).values()];
    this.#onEvent = onEvent;
    const onUnwatched = (directory: string, code: string) => this.#onUnwatched(directory, code);
    this.#watches = new DirectoryWatches({
      watch,
      onEntry: (directory, name) => this.#onEntry(directory, name),
      onUnwatched,
    });
    this.#lookouts = new DirectoryWatches({
      watch,
      onEntry: (directory, name) => this.#onParentEntry(directory, name),
      onUnwatched,
    });
  }

  /** Whether some directory cannot be watched, so that sweeps have to be frequent. */
  get needsSweeps(): boolean {
    return this.#watches.incomplete || this.#lookouts.incomplete;
  }

  /** Looks at everything; each step takes well under a millisecond unless files changed. */
  *sweep(): Generator<void> {
    for (const root of this.#roots) yield* this.#visitRoot(root);
    if (!this.needsSweeps) this.#hasWarned = false;
  }

  /** Looks at one path, whatever it is or was, and at everything below it; reads the file even if it looks the same. */
  *refresh(path: string): Generator<void> {
    const root = this.#roots.find((candidate) => candidate.path === path);
    if (root !== undefined) {
      yield* this.#visitRoot(root, "read");
      return;
    }
    const directory = this.#directories.get(dirname(path));
    if (directory !== undefined) yield* this.#visitEntry(directory, path, "read");
  }

  /** Files that differ since the last call, by path. */
  takeChanges(): ReadonlyMap<string, FileChange> {
    const changes = this.#changes;
    this.#changes = new Map();
    return changes;
  }

  /** A path as the user would write it. */
  displayPath(path: string): string {
    const root = this.#roots.find((candidate) => candidate.path === path);
    if (root !== undefined) return root.file;
    const directory = this.#directories.get(dirname(path));
    return directory === undefined ? path : join(directory.file, basename(path));
  }

  /** What is in the files, in the order of their paths, then what is wrong with the paths themselves. */
  *readings(): Generator<ManifestReading> {
    this.#sorted ??= [...this.#files.keys()].sort();
    for (const path of this.#sorted) {
      const file = this.#files.get(path);
      if (file !== undefined) yield file.reading;
    }
    yield { objects: [], problems: this.pathProblems, warnings: [] };
  }

  /** What is wrong with paths and directories: missing ones, unreadable ones, too many files. */
  get pathProblems(): readonly SourceProblem[] {
    const problems = [...this.#pathProblems.values()];
    const [surplus] = this.#surplus;
    if (surplus !== undefined) {
      const { files, textLength } = this.#limits;
      const message = `more than ${files} files or ${textLength} characters in all, wanted fewer`;
      problems.push({ file: this.displayPath(surplus), line: 0, field: "", message });
    }
    return problems;
  }

  /** Ends all watches. */
  close(): void {
    this.#watches.close();
    this.#lookouts.close();
  }

  #onEntry(directory: string, name: string | undefined): void {
    // Kubernetes swaps the link "..data" below the names that are read, so any name may lead elsewhere now.
    if (name === undefined || name.startsWith("..")) this.#onEvent(directory);
    else if (!isIgnored(name)) this.#onEvent(join(directory, name));
  }

  // The directory above a root tells when the root itself is created, replaced or, as a file, written to.
  #onParentEntry(directory: string, name: string | undefined): void {
    for (const { path } of this.#roots) {
      if (dirname(path) !== directory) continue;
      if (name === undefined || name === basename(path) || name.startsWith("..")) {
        this.#onEvent(path);
      }
    }
  }

  #onUnwatched(directory: string, code: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const isLimit = code === "ENOSPC" || code === "EMFILE";
    const hint = isLimit ? ": raise fs.inotify.max_user_watches and max_user_instances" : "";
    this.#log.warn(
      `Cannot watch directory "${directory}" (${code}), reading it every second instead${hint}`,
    );
  }

  *#visitRoot(root: Root, how: "read" | "look" = "look"): Generator<void> {
    const parent = dirname(root.path);
    const parentStats = statOf(parent);
    if (typeof parentStats === "object") this.#lookouts.ensure(parent, inodeOf(parentStats));
    else this.#lookouts.drop(parent);
    const stats = statOf(root.path);
    yield;
    this.#pathProblems.delete(root.path);
    if (typeof stats !== "object") {
      this.#forget(root.path);
      this.#refuse(root, `${describeReadError(stats)}, wanted manifests`);
    } else if (stats.isDirectory()) {
      this.#forgetFile(root.path);
      const above = new Set<string>();
      yield* this.#visitDirectory(root.path, { file: root.file, depth: 0, above }, stats);
    } else if (isManifestName(basename(root.path))) {
      this.#forgetDirectory(root.path);
      this.#visitFile(root.path, root.file, how === "read" ? undefined : stats);
    } else {
      this.#forget(root.path);
      this.#refuse(root, "not a manifest, wanted a directory or a .yaml, .yml or .json file");
    }
  }

  #refuse({ path, file }: Root, message: string): void {
    this.#pathProblems.set(path, { file, line: 0, field: "", message });
  }

  *#visitDirectory(
    path: string,
    place: Omit<Directory, "entries">,
    stats: BigIntStats,
  ): Generator<void> {
    const inode = inodeOf(stats);
    if (place.above.has(inode) || place.depth > maxDirectoryDepth) return;
    // Before the names are read: what comes after is told by an event.
    this.#watches.ensure(path, inode);
    const listing = listDirectory(path);
    const known = this.#directories.get(path);
    if (typeof listing !== "object") {
      this.#forget(path);
      if (listing === "ENOENT") return;
      const message = describeReadError(listing);
      this.#pathProblems.set(path, { file: place.file, line: 0, field: "", message });
      return;
    }
    this.#pathProblems.delete(path);
    const names = listing.filter(mayHoldManifests).map(({ name }) => name);
    const directory: Directory = {
      ...place,
      file: known?.file ?? place.file,
      above: new Set([...place.above, inode]),
      entries: new Set(names),
    };
    for (const name of known?.entries ?? []) {
      if (!directory.entries.has(name)) this.#forget(join(path, name));
    }
    this.#directories.set(path, directory);
    for (const name of names.sort()) {
      yield;
      yield* this.#visitEntry(directory, join(path, name), "look");
    }
  }

  *#visitEntry(directory: Directory, path: string, how: "read" | "look"): Generator<void> {
    const name = basename(path);
    const file = join(directory.file, name);
    const stats = statOf(path);
    if (typeof stats === "object" && stats.isDirectory()) {
      this.#forgetFile(path);
      directory.entries.add(name);
      const place = { file, depth: directory.depth + 1, above: directory.above };
      yield* this.#visitDirectory(path, place, stats);
    } else if (isManifestName(name) && (typeof stats === "string" || stats.isFile())) {
      this.#forgetDirectory(path);
      directory.entries.add(name);
      this.#visitFile(path, file, how === "read" || typeof stats === "string" ? undefined : stats);
    } else {
      this.#forget(path);
    }
  }

  // With the stats of a file that looks as it did when it was read last, it is not read again.
  #visitFile(path: string, file: string, stats: BigIntStats | undefined): void {
    const before = this.#files.get(path);
    if (before !== undefined && stats !== undefined && before.identity === identityOf(stats))
      return;
    const after = readManifestFile(path, before?.file ?? file, before);
    if (after === undefined) {
      this.#forgetFile(path);
      return;
    }
    const total = this.#totalText + lengthOf(after) - lengthOf(before);
    const { files, textLength } = this.#limits;
    if (total > textLength || (before === undefined && this.#files.size >= files)) {
      this.#surplus.add(path);
      return;
    }
    this.#surplus.delete(path);
    this.#totalText = total;
    if (before === undefined) this.#sorted = undefined;
    this.#files.set(path, after);
    if (before !== undefined && hasSameContent(before, after)) return;
    const isReplaced = before !== undefined && before.inode !== after.inode;
    this.#changes.set(path, isReplaced ? "replaced" : "perhaps unfinished");
  }

  #forget(path: string): void {
    this.#forgetFile(path);
    this.#forgetDirectory(path);
  }

  #forgetFile(path: string): void {
    this.#surplus.delete(path);
    const file = this.#files.get(path);
    if (file === undefined) return;
    this.#files.delete(path);
    this.#totalText -= lengthOf(file);
    this.#sorted = undefined;
    this.#changes.set(path, "removed");
  }

  #forgetDirectory(path: string): void {
    const directory = this.#directories.get(path);
    this.#watches.drop(path);
    if (directory === undefined) return;
    this.#directories.delete(path);
    this.#pathProblems.delete(path);
    for (const name of directory.entries) this.#forget(join(path, name));
  }
}

function displayed(path: string): string {
  const regular = normalize(path);
  return regular.length > 1 && regular.endsWith("/") ? regular.slice(0, -1) : regular;
}

function lengthOf(file: ManifestFile | undefined): number {
  return file?.text?.length ?? 0;
}

function isIgnored(name: string): boolean {
  return name.startsWith(".") || name === "node_modules";
}

function mayHoldManifests(entry: Dirent): boolean {
  if (isIgnored(entry.name)) return false;
  return !entry.isFile() || isManifestName(entry.name);
}

function hasSameContent(before: ManifestFile, after: ManifestFile): boolean {
  if (before.text !== after.text) return false;
  return after.text !== undefined || saysTheSame(before.reading.problems, after.reading.problems);
}

/** The stats of what a path leads to, or the code of the error. */
function statOf(path: string): BigIntStats | string {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    return errorCodeOf(error) ?? "unknown error";
  }
}

function listDirectory(path: string): Dirent[] | string {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    return errorCodeOf(error) ?? "unknown error";
  }
}
