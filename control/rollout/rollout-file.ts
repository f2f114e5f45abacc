/** Rollouts on the disk: one file, replaced as a whole, so that a kill leaves it as it was before or after a step. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { formatReference } from "../../crds/meta.ts";
import type { Rollout } from "./rollout.ts";

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
    this.#items = readItems(this.#file);
  }

  /** Newest first. */
  get items(): readonly Rollout[] {
    return this.#items;
  }

  /** Writes a rollout, a new one or one that is there. It is on the disk when this returns; throws when it is not. */
  put(rollout: Rollout): void {
    const others = this.#items.filter(({ id }) => id !== rollout.id);
    const isNew = others.length === this.#items.length;
    const items = isNew
      ? remembered([rollout, ...others])
      : this.#items.map((one) => (one.id === rollout.id ? rollout : one));
    this.#write(JSON.stringify({ version: 1, items }));
    this.#items = items;
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

function readItems(file: string): readonly Rollout[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (Object(error).code === "ENOENT") return [];
    throw error;
  }
  const { version, items } = Object(JSON.parse(text));
  if (version === 1 && Array.isArray(items)) return items;
  throw new TypeError(`Cannot read rollouts in "${file}": found version ${version}, wanted 1`);
}
