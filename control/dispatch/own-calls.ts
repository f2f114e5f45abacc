/** What this process knows of calls that it gave out itself: whoever finds one that is not here knows that another life began it. */
import { monotonicMs } from "../../gateway/clock.ts";
import type { Clock } from "../../gateway/clock.ts";

/** How far a call is. */
export type OwnCall =
  | { readonly kind: "running" }
  /** Its end is told, or cannot be; remembered for a while, since the store hears of it later */
  | { readonly kind: "ended"; readonly atMs: number }
  /** Its answer was whole, and its end is the worker's to tell */
  | { readonly kind: "answered"; readonly status: number; readonly atMs: number };

/** An end is remembered for so long in `ms`, far longer than the store takes to hear of it. */
const keptMs = 60_000;

/** Calls that are over and remembered; beyond it those go that ended first. */
const mostOver = 50_000;

/** Calls by their id; monotonic times. */
export class OwnCalls {
  readonly #clock: Clock;
  readonly #running = new Set<string>();
  /** In the order of their ends */
  readonly #over = new Map<string, Exclude<OwnCall, { kind: "running" }>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes that a call begins. False where one of that id is known. */
  begin(id: string): boolean {
    if (this.find(id) !== undefined) return false;
    this.#running.add(id);
    return true;
  }

  /** Forgets a call that did not begin. */
  drop(id: string): void {
    this.#running.delete(id);
    this.#over.delete(id);
  }

  end(id: string): void {
    this.#finish(id, { kind: "ended", atMs: monotonicMs(this.#clock) });
  }

  /** `status` is that of HTTP. */
  answer(id: string, status: number): void {
    this.#finish(id, { kind: "answered", status, atMs: monotonicMs(this.#clock) });
  }

  /** Undefined for a call that this process does not know. */
  find(id: string): OwnCall | undefined {
    return this.#running.has(id) ? { kind: "running" } : this.#over.get(id);
  }

  /** Forgets what was over for long, and not open any more, at that monotonic time. */
  prune(isOpen: (id: string) => boolean, asOfMs: number): void {
    const untilMs = asOfMs - keptMs;
    for (const [id, { kind, atMs }] of this.#over) {
      if (atMs > untilMs) return;
      if (kind === "ended" || !isOpen(id)) this.#over.delete(id);
    }
  }

  #finish(id: string, call: Exclude<OwnCall, { kind: "running" }>): void {
    this.#running.delete(id);
    this.#over.delete(id);
    this.#over.set(id, call);
    if (this.#over.size <= mostOver) return;
    const [oldest] = this.#over.keys();
    if (oldest !== undefined) this.#over.delete(oldest);
  }
}
