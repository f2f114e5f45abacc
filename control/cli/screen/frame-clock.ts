/** When a screen draws: at once when it is asked for a frame, but never twice within a period. */
import { monotonicMs } from "../../../gateway/clock.ts";
import type { Clock, TimerHandle } from "../../../gateway/clock.ts";

/** Period and time. */
export interface FrameClockOptions {
  readonly periodMs: number;
  readonly clock: Clock;
}

/** Counts frames; whoever draws them subscribes. The functions may be handed on without their object. */
export class FrameClock {
  readonly #options: FrameClockOptions;
  readonly #listeners = new Set<() => void>();
  #timer: TimerHandle | undefined;
  #frame = 0;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: FrameClockOptions) {
    this.#options = options;
  }

  /** Number of the frame that is to be shown now. */
  readonly frame = (): number => this.#frame;

  /** Calls back with each frame; returns the way to end that. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Has a frame drawn, now or when the period is over. */
  ask(): void {
    if (this.#isClosed || this.#timer !== undefined) return;
    const { periodMs, clock } = this.#options;
    const waitMs = this.#drawnMs + periodMs - monotonicMs(clock);
    if (waitMs <= 0) this.#draw();
    else this.#timer = clock.setTimeout(() => this.#draw(), waitMs);
  }

  /** Has a frame drawn now: somebody pressed a key and waits. */
  askNow(): void {
    if (!this.#isClosed) this.#draw();
  }

  /** Draws nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#options.clock.clearTimeout(this.#timer);
  }

  #draw(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drawnMs = monotonicMs(this.#options.clock);
    this.#frame++;
    for (const listener of [...this.#listeners]) listener();
  }
}
