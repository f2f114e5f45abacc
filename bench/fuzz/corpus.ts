/** Inputs that are kept between runs: one small file each, in a folder for each target. */

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Files that a run may add to and thin out. */
export const maxCorpusFiles = 48;

/** Longest input that is kept, in bytes. */
export const maxCorpusBytes = 8_192;

/** Folder of all corpora of this repository. */
export const corpusDirectory: string = join(import.meta.dirname, "corpus");

/** Named after their content; all others were put there by people and stay. */
const ownName = /^[0-9a-f]{12}\.bin$/;

/** The inputs that are kept for a target, by file name; none where there is no folder. */
export function readCorpus(target: string, directory = corpusDirectory): Map<string, Buffer> {
  const folder = join(directory, target);
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".bin"));
  } catch {
    // A new target has none.
    names = [];
  }
  return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name))]));
}

/** Keeps these inputs and removes those that a run kept before and that are not among them. */
export function writeCorpus(
  target: string,
  inputs: readonly Buffer[],
  directory = corpusDirectory,
): void {
  const folder = join(directory, target);
  mkdirSync(folder, { recursive: true });
  const kept = new Map(inputs.map((input) => [corpusName(input), input]));
  for (const name of readdirSync(folder)) {
    if (ownName.test(name) && !kept.has(name)) rmSync(join(folder, name));
  }
  for (const [name, input] of kept) writeFileSync(join(folder, name), input);
}

/** The name under which a run keeps an input. */
export function corpusName(input: Buffer): string {
  return `${createHash("sha256").update(input).digest("hex").slice(0, 12)}.bin`;
}
