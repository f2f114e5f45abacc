/** Requests that an API server has answered, by what they did and how it went: few words, whatever callers send. */
import type { IncomingMessage } from "node:http";

/** Requests of one kind. */
export interface RequestCount {
  /** Of HTTP, in upper case; `OTHER` for what the server knows none of */
  readonly method: string;
  /** Status of the answer */
  readonly code: number;
  readonly count: number;
}

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);

/** Counts them. */
export class RequestCounts {
  readonly #counts = new Map<string, RequestCount>();

  /** One more, once it was answered; a watch counts when it begins. */
  add({ method = "" }: Pick<IncomingMessage, "method">, code: number): void {
    const known = methods.has(method) ? method : "OTHER";
    const key = `${known} ${code}`;
    const count = (this.#counts.get(key)?.count ?? 0) + 1;
    this.#counts.set(key, { method: known, code, count });
  }

  /** All so far, in the order of method and status. */
  list(): readonly RequestCount[] {
    return [...this.#counts.entries()]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([, count]) => count);
  }
}
