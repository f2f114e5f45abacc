/**
 * Whose reasoning is whose, and how calls of functions are signed: Gemini 3 refuses a conversation in which the first
 * call of a turn has no signature (https://ai.google.dev/gemini-api/docs/thought-signatures).
 */

/** Name of the codec of conversations, and the origin of the reasoning that it decodes. */
export const dialectName = "gemini-generate-content";

/**
 * Stands for the signature of a call that another provider's model made: the documented way to have it not checked
 * (…/thought-signatures#faqs).
 */
const unchecked = "skip_thought_signature_validator";

/** A part's signature; null when it has none, or one that only stands for it. */
export function decodeSignature(signature: unknown): string | null {
  return typeof signature === "string" && signature !== "" && signature !== unchecked
    ? signature
    : null;
}

/** Signs the calls of one turn, of which only the first must be. */
export class CallSigner {
  #mustSign: boolean;

  /** `required`: the model checks signatures. */
  constructor(signatures: "required" | "optional") {
    this.#mustSign = signatures === "required";
  }

  /** What stands as the signature of the next call; undefined: nothing. */
  sign(signature: string | null): string | undefined {
    const mustSign = this.#mustSign;
    this.#mustSign = false;
    return signature ?? (mustSign ? unchecked : undefined);
  }
}
