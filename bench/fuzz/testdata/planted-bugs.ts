/** Targets with a bug each, by which the fuzzer itself is tested. */

import { Script } from "node:vm";
import type { FuzzTarget, OpenTarget } from "../fuzz-target.ts";

const covers = ["/fuzz/testdata/planted-bugs"];
const base = {
  promise: "none",
  covers,
  seeds: () => [Buffer.from("----")],
  invent: () => Buffer.from("----"),
};

/** Behind four letters of which each is code of its own: one in four thousand million inputs without guidance. */
const deepSource = `(input) => {
  if (input[0] !== 0x62) return undefined;
  if (input[1] !== 0x75) return undefined;
  if (input[2] !== 0x67) return undefined;
  if (input[3] !== 0x21) return undefined;
  return "found";
}`;

/** Compiled anew each time: coverage sees no blocks of what was compiled before or comes from a cache. */
function compileDeepBug(): OpenTarget["check"] {
  const filename = "file:///fuzz/testdata/planted-bugs-deep.js";
  return new Script(deepSource, { filename }).runInThisContext();
}

const kept: number[][] = [];

/** The targets by what is wrong with them. */
export const targets: readonly FuzzTarget[] = [
  { ...base, name: "deep", open: () => ({ check: compileDeepBug() }) },
  {
    ...base,
    name: "throws",
    open: () => ({
      check(input) {
        if (input.length > 4) throw new TypeError(`It is ${input.length} bytes long`);
        return undefined;
      },
    }),
  },
  {
    ...base,
    name: "endless",
    open: () => ({
      check(input) {
        while (input.length > 4);
        return undefined;
      },
    }),
  },
  {
    ...base,
    name: "slow",
    open: () => ({
      check(input) {
        // CPU time, because others may be busy too.
        const before = process.threadCpuUsage();
        while (input.length > 4 && process.threadCpuUsage(before).user < 120_000);
        return undefined;
      },
    }),
  },
  {
    ...base,
    name: "greedy",
    open: () => ({
      check(input) {
        if (input.length <= 4) return undefined;
        // Enough to be seen, and not enough for the test's own process to end by it.
        if (kept.length === 16) kept.length = 0;
        kept.push(new Array<number>(9_000_000).fill(1.5));
        return undefined;
      },
    }),
  },
  {
    ...base,
    name: "missing-tool",
    open: (): OpenTarget => {
      throw new Error("Cannot start the tool: it is not there");
    },
  },
  { ...base, name: "right", open: () => ({ check: () => undefined }) },
];
