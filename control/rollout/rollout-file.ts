/**
 * Rollouts on the disk: one file, replaced as a whole, so that a kill leaves it as it was before or after a step. Beside
 * it an empty file for the one that is tried or promoted: removing that needs no space, so that a full disk cannot keep a
 * policy going.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { formatReference } from "../../crds/meta.ts";
import type { Rollout } from "./rollout.ts";
import { isTried } from "./rollout.ts";

/** Rollouts that are remembered; of the oldest of more nothing is known, unless their form of an object still counts. */
export const maxRollouts = 50;

/** The file of one home. */
export class RolloutFile {
  readonly #folder: string;
  readonly #file: string;
  #items: readonly Rollout[];

  /** Makes the folder, for its owner alone, and reads what is in it. Throws where the file cannot be read. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#folder = folder;
    this.#file = path.join(folder, "rollouts.json");
    this.#items = readItems(this.#file).map((item) => this.#withoutTrial(item));
  }

  /** Newest first. */
  get items(): readonly Rollout[] {
    return this.#items;
  }

  /** Writes a rollout, a new one or one that is there. It is on the disk when this returns; throws when it is not. */
  put(rollout: Rollout): void {
    if (isMarked(rollout)) writeFileSync(this.#mark(rollout), "", { mode: 0o600 });
    const others = this.#items.filter(({ id }) => id !== rollout.id);
    const isNew = others.length === this.#items.length;
    const items = isNew
      ? remembered([rollout, ...others])
      : this.#items.map((one) => (one.id === rollout.id ? rollout : one));
    const saved = items.map(({ unsaved: _, ...item }) => item);
    this.#write(JSON.stringify({ version: 1, isMarked: true, items: saved }));
    this.#items = saved;
    if (!isMarked(rollout)) rmSync(this.#mark(rollout), { force: true });
  }

  /** Takes care that no later process tries or promotes it again, also where nothing can be written. Throws when that fails, too. */
  endTrial(rollout: Rollout): void {
    rmSync(this.#mark(rollout), { force: true });
    this.#syncFolder();
  }

  /** Knows a rollout in this form from now on; it is on the disk with the next `put()`. */
  note(rollout: Rollout): void {
    this.#items = this.#items.map((one) => (one.id === rollout.id ? rollout : one));
  }

  #write(text: string): void {
    const temporary = `${this.#file}.new`;
    const file = openSync(temporary, "w", 0o600);
    try {
      // Not `writeSync()`, which on a disk that is nearly full writes a part and says nothing.
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, this.#file);
    this.#syncFolder();
  }

  #mark({ id }: Rollout): string {
    return path.join(this.#folder, `${id}.trial`);
  }

  /** One that is tried or promoted and has no mark any more was ended by a process that could not write that down. */
  #withoutTrial({ hasMarks, ...item }: ReadRollout): Rollout {
    if (!hasMarks || !isMarked(item) || existsSync(this.#mark(item))) return item;
    const at = new Date().toISOString();
    const what =
      "all agents have the old policy: aborted before a restart, for a reason that was not written down";
    return {
      ...{ ...item, phase: "aborted", endedAt: at },
      events: [...item.events, { at, by: "clrk", what }],
      unsaved: "this is not written down yet; a restart knows that it ended",
    };
  }

  #syncFolder(): void {
    const folder = openSync(this.#folder, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }
}

/** The newest, and of older ones those whose form of an object of a file is still the one that counts. */
function remembered(items: readonly Rollout[]): readonly Rollout[] {
  const decided = new Set<string>();
  return items.filter(({ phase, changes }, index) => {
    const isPromoted = phase === "promoted" || phase === "promoting";
    const isNeeded = changes.some(
      ({ ref, fileHash }) => fileHash !== undefined && !decided.has(formatReference(ref)),
    );
    if (isPromoted) for (const { ref } of changes) decided.add(formatReference(ref));
    return index < maxRollouts || (isPromoted && isNeeded);
  });
}

/** Whether agents have its policy, or get it when the process goes on. */
function isMarked(rollout: Rollout): boolean {
  return isTried(rollout) || rollout.phase === "promoting";
}

/** `hasMarks`: whoever wrote it kept a mark for what goes on. */
type ReadRollout = Rollout & { readonly hasMarks: boolean };

function readItems(file: string): readonly ReadRollout[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (Object(error).code === "ENOENT") return [];
    throw error;
  }
  const { version, items, isMarked: hasMarks = false } = Object(JSON.parse(text));
  if (version === 1 && Array.isArray(items)) return items.map((item) => ({ ...item, hasMarks }));
  throw new TypeError(`Cannot read rollouts in "${file}": found version ${version}, wanted 1`);
}
