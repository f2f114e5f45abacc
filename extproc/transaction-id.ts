/** Ids that join what the engine found with Envoy's access log entry: short, because Envoy carries them both ways. */

import type { RandomBytes } from "../gateway/trace-context.ts";

/**
 * Gives ids that are unique over threads and restarts: 48 random bits of this thread, then a count. They are no secret,
 * and no agent sees or chooses them.
 */
export function createTransactionIds(random: RandomBytes): () => string {
  const prefix = Buffer.from(random(6)).toString("base64url");
  let count = 0;
  return () => {
    count++;
    return prefix + count.toString(36);
  };
}
