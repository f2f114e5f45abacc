/** Where a dialect's requests say how many tokens their answers may have; plain values, read by `output-bound.ts`. */

/** Paths are of members of the body's object, such as `generationConfig.maxOutputTokens`. */
export interface OutputPlace {
  /** Members that bound the tokens of one answer. The first is put into requests that have none of them */
  readonly limits: readonly [string, ...string[]];
  /** Members that say how many answers are written, each as long; the greatest counts */
  readonly answers?: readonly string[];
  /** Member that may be a list of prompts, each of which is answered */
  readonly prompts?: string;
  /** Members that bound a part of the answer and must stay below the limit */
  readonly parts?: readonly string[];
  /** `protobuf`: keys are also read with underscores in place of capitals, as protobuf's JSON mapping does */
  readonly keys?: "protobuf";
  /** Models whose requests have this place; absent: all */
  readonly serves?: (model: string) => boolean;
}
