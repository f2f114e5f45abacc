/** What `npm run fuzz --` is asked for. */

import { parseArgs } from "node:util";

/** A run. */
export interface FuzzOptions {
  /** Time for all targets together, in minutes */
  readonly minutes: number;
  /** Names of targets; empty: all */
  readonly targets: readonly string[];
  readonly seed: number;
  /** File for the report as JSON */
  readonly json: string | undefined;
  /** File with one input, which is tried instead of a search */
  readonly replay: string | undefined;
  /** Leave the corpus as it is */
  readonly isCorpusFixed: boolean;
}

const defaultMinutes = 10;

/** Reads the words after the command's name. Raises an error with a sentence for those that it does not know. */
export function parseFuzzOptions(words: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      minutes: { type: "string", default: String(defaultMinutes) },
      target: { type: "string", multiple: true, default: [] },
      seed: { type: "string", default: "1" },
      json: { type: "string" },
      replay: { type: "string" },
      "fixed-corpus": { type: "boolean", default: false },
    },
  });
  if (values.replay !== undefined && values.target.length !== 1) {
    throw new RangeError("Cannot replay an input: name its target by --target");
  }
  return {
    minutes: readNumber("minutes", values.minutes, 1e-3),
    targets: values.target,
    seed: Math.trunc(readNumber("seed", values.seed, 0)),
    json: values.json,
    replay: values.replay,
    isCorpusFixed: values["fixed-corpus"],
  };
}

function readNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= least) return value;
  throw new RangeError(`Cannot fuzz with --${name} "${text}": wanted a number from ${least} on`);
}
