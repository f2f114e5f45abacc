/** Ids in answers: `resp_…` for the answer, and for each of its items one that begins with its sort. */

const idForm = /^resp_[A-Za-z0-9_-]{1,64}$/;
const longestSuffix = 48;

/** Ids of one answer, made from nothing but the upstream's id. */
export interface AnswerIds {
  readonly response: string;
  /** What ids of items have in common */
  readonly suffix: string;
}

/** Beginnings of ids of items. */
export type ItemPrefix = "msg" | "fc" | "rs";

/** Ids for an answer: the upstream's own where it has the form, else one of its letters and digits. */
export function createAnswerIds(upstreamId: string): AnswerIds {
  const letters = upstreamId.replace(/^resp_/, "").replace(/[^A-Za-z0-9]/g, "");
  const suffix = letters === "" ? "0" : letters.slice(0, longestSuffix);
  return { response: idForm.test(upstreamId) ? upstreamId : `resp_${suffix}`, suffix };
}

/** Id of the item at an index of the output. */
export function itemId({ suffix }: AnswerIds, prefix: ItemPrefix, index: number): string {
  // Of fixed width, so that no two items of a conversation share one.
  return `${prefix}_${suffix}${index.toString(16).padStart(4, "0")}`;
}
