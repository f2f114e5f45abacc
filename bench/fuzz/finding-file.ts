/** Findings as files: the input as it is, and beside it what it breaks and the line that tries it again. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { corpusName } from "./corpus.ts";

/** Folder of findings; git does not keep it. */
export const findingsDirectory: string = join(import.meta.dirname, "findings");

/** One finding. */
export interface WrittenFinding {
  readonly target: string;
  readonly finding: string;
  readonly seed: number;
  readonly bytes: number;
  /** Path of the input from the root of the repository */
  readonly file: string;
  /** One line that tries the input again */
  readonly command: string;
}

/** Writes a finding down. */
export function writeFinding(
  { target, finding, seed }: Pick<WrittenFinding, "target" | "finding" | "seed">,
  input: Buffer,
  directory = findingsDirectory,
): WrittenFinding {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${target}-${corpusName(input)}`);
  const file = relative(join(import.meta.dirname, "../.."), path);
  const command = `npm run fuzz -- --target ${target} --replay ${file}`;
  writeFileSync(path, input);
  const lines = [`${target}: ${finding}`, `seed ${seed}, ${input.length} bytes`, command, ""];
  writeFileSync(path.replace(/\.bin$/, ".txt"), lines.join("\n"));
  return { target, finding, seed, bytes: input.length, file, command };
}
