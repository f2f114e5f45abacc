/** The order that events of a stream keep, as `StreamEvent` says it. */

import type { StreamEvent } from "../ir.ts";

/** Follows a stream event by event and says what is out of order. */
export class StreamOrder {
  readonly #open = new Map<number, string>();
  #parts = 0;
  #stage: "before" | "in" | "finished" | "over" = "before";

  /** Whether the stream has had its `end` or `failed`. */
  get isOver(): boolean {
    return this.#stage === "over";
  }

  /** Takes an event; gives a clause when it may not come now. */
  take(event: StreamEvent): string | undefined {
    if (this.#stage === "over") return `"${event.kind}" comes after the end`;
    switch (event.kind) {
      case "start":
        if (this.#stage !== "before") return "a second start";
        this.#stage = "in";
        return undefined;
      case "usage":
        return undefined;
      case "failed":
        this.#stage = "over";
        return undefined;
      case "end":
        if (this.#stage !== "finished") return "end without finish";
        this.#stage = "over";
        return undefined;
      case "finish":
        return this.#finish();
      case "part-start":
        return this.#begin(event.index, event.part.kind);
      default:
        return this.#continue(event);
    }
  }

  #finish(): string | undefined {
    if (this.#stage !== "in") return `finish ${this.#where()}`;
    const [open] = this.#open.keys();
    if (open !== undefined) return `finish while part ${open} is open`;
    this.#stage = "finished";
    return undefined;
  }

  #begin(index: number, kind: string): string | undefined {
    if (this.#stage !== "in") return `part ${index} starts ${this.#where()}`;
    if (index !== this.#parts) return `part ${index} starts, wanted part ${this.#parts}`;
    this.#parts++;
    this.#open.set(index, kind);
    return undefined;
  }

  #continue(event: Extract<StreamEvent, { index: number }>): string | undefined {
    const kind = this.#open.get(event.index);
    if (kind === undefined) return `"${event.kind}" of part ${event.index}, which is not open`;
    if (event.kind === "part-end") this.#open.delete(event.index);
    const isSigned = kind === "reasoning" || kind === "tool-call";
    return event.kind === "signature" && !isSigned ? `a signature of ${kind}` : undefined;
  }

  #where(): string {
    return this.#stage === "before" ? "before the start" : "after the finish";
  }
}

/** A clause about the first event of a whole stream that is out of order, or about its missing end. */
export function streamOrderProblem(events: readonly StreamEvent[]): string | undefined {
  const order = new StreamOrder();
  for (const event of events) {
    const problem = order.take(event);
    if (problem !== undefined) return problem;
  }
  return order.isOver ? undefined : "there is neither end nor failed";
}
