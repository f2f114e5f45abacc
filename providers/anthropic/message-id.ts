/** Ids of answers in the form of Anthropic's. */

/** Longest part of another provider's id that is taken over. */
const longest = 64;

/** The id itself if it has the form `msg_…`, else one that is made of its letters and digits. */
export function messageId(id: string): string {
  if (/^msg_\w+$/.test(id)) return id;
  return `msg_${id.replace(/[^A-Za-z0-9]/g, "").slice(0, longest)}`;
}
