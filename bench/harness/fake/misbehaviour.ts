/** Faults that a fake upstream can be told to show, and the list that decides which request gets which. */

/** One fault; several fields combine. */
export interface Misbehaviour {
  /** Only for this host; every host when absent */
  readonly host?: string;
  /** Only for this path without query; every path when absent */
  readonly pathname?: string;
  /** Number of requests it applies to; all when absent */
  readonly times?: number;
  /** Wait before the response headers in `ms` */
  readonly delayHeadersMs?: number;
  /** Wait before each body chunk in `ms` */
  readonly delayChunkMs?: number;
  /** Break the response off after this many body chunks: stream reset on HTTP/2, closed connection on HTTP/1.1 */
  readonly cutAfterChunks?: number;
  /** Answer with this error status in the provider's shape, whatever was asked */
  readonly status?: number;
  /** `retry-after` of that error in seconds */
  readonly retryAfterSeconds?: number;
  /** Close the connection instead of answering */
  readonly close?: true;
  /** Answer 200 with a JSON body of about this many bytes */
  readonly hugeBodyBytes?: number;
}

/** The faults in force; the first that matches a request applies alone. */
export interface MisbehaviourList {
  /** Adds a fault behind the others; returns a function that takes it out. Throws RangeError for `times` below 1. */
  add(misbehaviour: Misbehaviour): () => void;
  /** The fault for one request, which uses up one of its `times`; undefined when none matches. */
  take(host: string, pathname: string): Misbehaviour | undefined;
}

/** An empty list. */
export function createMisbehaviourList(): MisbehaviourList {
  const entries = new Set<{ readonly fault: Misbehaviour; left: number }>();
  return {
    add(fault) {
      const left = fault.times ?? Number.POSITIVE_INFINITY;
      if (!(left >= 1))
        throw new RangeError(`Cannot add misbehaviour: times is ${left}, at least 1 is needed`);
      const entry = { fault, left };
      entries.add(entry);
      return () => {
        entries.delete(entry);
      };
    },
    take(host, pathname) {
      for (const entry of entries) {
        const { fault } = entry;
        if (fault.host !== undefined && fault.host !== host) continue;
        if (fault.pathname !== undefined && fault.pathname !== pathname) continue;
        entry.left -= 1;
        if (entry.left <= 0) entries.delete(entry);
        return fault;
      }
      return undefined;
    },
  };
}
