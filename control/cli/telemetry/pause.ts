/** Waiting that somebody may cut short. */
import type { Clock } from "../../../gateway/clock.ts";

/** Resolves after so many `ms`, or as soon as `signal` aborts; never rejects. */
export function pause(ms: number, signal: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.setTimeout(end, ms);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
