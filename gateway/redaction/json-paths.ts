/**
 * Finds the values that JSON paths name. Names match in any case, because a server may read them so; a value that comes
 * twice is found twice.
 */

import type { JsonPathStep } from "../../crds/json-path.ts";
import { readJsonPath } from "../../crds/json-path.ts";
import { expectValid } from "../../crds/reading.ts";
import { walkJson } from "./json-walk.ts";
import type { JsonVisitor } from "./json-walk.ts";
import type { Span } from "./spans.ts";

/** How far each path has come at a place: positions among all steps, `matched` where one has come to its end. */
type Progress = readonly number[];

const matched = -1;

interface CompiledStep {
  readonly isDeep: boolean;
  readonly isLast: boolean;
  matches(key: string | number): boolean;
}

/** Searches for the values of some paths; the paths are those that `readJsonPath()` takes, else it throws. */
export class JsonPathSearch {
  readonly #steps: readonly CompiledStep[];
  readonly #start: Progress;

  constructor(paths: readonly string[]) {
    const steps: CompiledStep[] = [];
    const start: number[] = [];
    for (const path of paths) {
      const read = expectValid(readJsonPath(path), "JSON path", path);
      start.push(steps.length);
      steps.push(...read.map((step, index) => compileStep(step, index === read.length - 1)));
    }
    this.#steps = steps;
    this.#start = start;
  }

  /**
   * Adds the values of the paths in one JSON text from `start` to before `end`, as they are written. From where the text
   * is not understood on, all of it counts as found.
   */
  find(text: string, range: { readonly start: number; readonly end: number }, found: Span[]): void {
    const visitor: JsonVisitor<Progress> = {
      child: (parent, key) => this.#advance(parent, key),
      takes: (progress) => progress[0] === matched,
      onTaken: (start, end) => void found.push({ start, end, by: redactedValue }),
    };
    const understood = walkJson(text, range, { visitor, root: this.#start });
    if (understood < range.end) found.push({ start: understood, end: range.end });
  }

  #advance(progress: Progress, key: string | number): Progress {
    const next: number[] = [];
    for (const position of progress) {
      const step = this.#steps[position];
      if (step === undefined) continue;
      if (step.isDeep && !next.includes(position)) next.push(position);
      if (!step.matches(key)) continue;
      if (step.isLast) return taken;
      if (!next.includes(position + 1)) next.push(position + 1);
    }
    return next;
  }
}

const taken: Progress = [matched];

/** The text stays JSON. */
const redactedValue = '"[redacted]"';

function compileStep({ isDeep, selector }: JsonPathStep, isLast: boolean): CompiledStep {
  return { isDeep, isLast, matches: matcherOf(selector) };
}

function matcherOf(selector: JsonPathStep["selector"]): CompiledStep["matches"] {
  switch (selector.kind) {
    case "all":
      return () => true;
    case "index":
      return (key) => key === selector.index;
    case "name": {
      const wanted = selector.name.toLowerCase();
      return (key) => typeof key === "string" && key.toLowerCase() === wanted;
    }
  }
}
