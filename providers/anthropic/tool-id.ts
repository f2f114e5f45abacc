/** Ids of tool calls in the alphabet that Anthropic's API takes. */

const allowed = /^[\w-]+$/;

/** An id for a call that came without one, by its place in the answer. */
export function madeUpId(index: number): string {
  return `toolu_${index}`;
}

/** The id itself, or one that depends on nothing but it: letters, digits, `_` and `-` are allowed. */
export function encodeToolId(id: string): string {
  return allowed.test(id) ? id : `toolu_${Buffer.from(id, "utf8").toString("hex")}`;
}
