/**
 * One caller that follows: what is stored goes out in the order of storing, a line at a time, and nothing is queued: what
 * a slow caller has not read is read from the store later.
 */
import type { ServerResponse } from "node:http";
import { once } from "node:events";
import type { FollowBatch } from "../telemetry/queries.ts";
import type { StoredItem } from "../telemetry/stored-span.ts";

/** What a follower is given. */
export interface FollowerOptions<Item extends StoredItem> {
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  /** Where it begins; its items come no more */
  readonly after: bigint;
  /** Reads on; throws where the store cannot answer */
  readonly read: (after: bigint) => Promise<FollowBatch<Item>>;
  /** Resolves when more may be stored than up to there, at the latest after some seconds; true when there is more */
  readonly whenMore: (position: bigint, signal: AbortSignal) => Promise<boolean>;
  readonly document: (items: readonly Item[]) => object;
}

/** Items in one line; bodies can be large. */
const mostInLine = 200;

/** Sends until the caller goes, the server closes or the store cannot answer: then the caller goes on from its position. */
export async function follow<Item extends StoredItem>(
  options: FollowerOptions<Item>,
): Promise<void> {
  const { response, signal, read, whenMore, document } = options;
  response.statusCode = 200;
  response.setHeader("Content-Type", "application/x-ndjson");
  response.setHeader("Cache-Control", "no-cache, private");
  let position = options.after;
  await send(options, { position: String(position) });
  try {
    while (!signal.aborted) {
      const batch = await read(position);
      const { items, last } = batch;
      for (let at = 0; at < items.length; at += mostInLine) {
        const some = items.slice(at, at + mostInLine);
        const isLast = at + some.length === items.length;
        const place = isLast ? String(last) : some.at(-1)?.sequence;
        await send(options, { position: place, ...document(some) });
      }
      position = last;
      if (batch.isMore) continue;
      // Who hears nothing for long cannot tell silence from a dead connection.
      if (!(await whenMore(position, signal))) await send(options, { position: String(position) });
    }
  } catch {
    // The head is sent: an end is all that can be told, and the caller asks again.
  }
  response.end();
}

async function send(
  { response, signal }: Pick<FollowerOptions<StoredItem>, "response" | "signal">,
  line: object,
): Promise<void> {
  if (signal.aborted || response.destroyed) return;
  if (response.write(`${JSON.stringify(line)}\n`)) return;
  await once(response, "drain", { signal }).catch(() => {});
}
