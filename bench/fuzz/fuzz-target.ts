/** What a fuzzer is given: inputs that are right, ways to make others, and the question whether all that must hold did. */

import type { Random } from "../../extproc/testdata/random.ts";

/** A clause about what did not hold, or undefined. A throw is a finding too. */
export type Finding = string | undefined;

/** A target that is ready to take inputs. */
export interface OpenTarget {
  /** Tries one input, which must not be written to; whatever it opened is closed when it returns or resolves */
  check(input: Buffer): Finding | Promise<Finding>;
  /** Ends what `open()` started */
  close?(): Promise<void>;
}

/** One thing that is fuzzed. */
export interface FuzzTarget {
  /** Kebab-case; also the name of its folder in `corpus/` */
  readonly name: string;
  /** What must hold, in a few words */
  readonly promise: string;
  /** Parts of paths of the files whose coverage guides the search; none: nothing guides it */
  readonly covers: readonly string[];
  /** Longest input that is tried, in bytes; 4,096 when absent */
  readonly maxInputBytes?: number;
  /** CPU time for one input, in `ms`; 50 when absent */
  readonly maxCpuMs?: number;
  /** Words of the input's language, put into inputs as they are */
  readonly words?: readonly (string | Buffer)[];
  /** Inputs that are right, from which the search starts */
  seeds(): readonly Buffer[];
  /** A new input that is mostly right */
  invent(random: Random): Buffer;
  /** A changed copy that keeps to the form; undefined where this input has none. Bytes are changed beside it */
  mutate?(input: Buffer, random: Random): Buffer | undefined;
  /** Makes it ready; raises an error with a sentence where a tool is missing */
  open(): OpenTarget | Promise<OpenTarget>;
}
