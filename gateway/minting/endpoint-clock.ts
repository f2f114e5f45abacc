/**
 * The time at a token endpoint, learned from its answers: assertions and signatures are judged by its clock, and ours
 * may be minutes off.
 */

import type { Clock } from "../clock.ts";
import type { TokenAnswer } from "./token-endpoint.ts";

/** A smaller difference is no reason to ask again: dates of answers are whole seconds, and answers take time. */
const notableMs = 30_000;

/** A clock that is further off than a day is believed by nobody: what is signed for that day would be good for long. */
const farthestMs = 24 * 3_600_000;

/** Time as one endpoint has it. */
export class EndpointClock {
  readonly #clock: Clock;
  #offsetMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Its time in Unix `ms`, ours until it has answered. */
  nowMs(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  /**
   * Asks with its time, and once more where it refused and its answer shows that its time was another: then what was
   * refused may have been the time.
   */
  async ask(send: (nowMs: number) => Promise<TokenAnswer>): Promise<TokenAnswer> {
    const answer = await send(this.nowMs());
    if (answer.kind === "failed" || answer.serverMs === undefined) return answer;
    const offsetMs = answer.serverMs - this.#clock.now();
    if (Math.abs(offsetMs) > farthestMs) return answer;
    const isOff = Math.abs(offsetMs - this.#offsetMs) > notableMs;
    this.#offsetMs = Math.abs(offsetMs) > notableMs ? offsetMs : 0;
    const isRefused = answer.status >= 400 && answer.status < 500;
    return isRefused && isOff ? send(this.nowMs()) : answer;
  }
}
