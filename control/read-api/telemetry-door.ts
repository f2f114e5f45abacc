/** How handlers reach the store: whether it can be asked now, how many may ask at once, and what its failures mean to a caller. */
import { ClrkError, describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import { badRequest, StatusError, tooManyRequests } from "../apiserver/status-error.ts";
import type { Telemetry } from "../telemetry/open-telemetry.ts";

/** What can be read, or why nothing can. */
export type TelemetryState =
  | {
      readonly kind: "ready";
      readonly telemetry: Pick<Telemetry, "queries" | "series" | "highWater">;
    }
  /** `reason`: a sentence for people */
  | { readonly kind: "unavailable"; readonly reason: string };

/** Pages and series that are read at once: the embedded store has few threads. */
const mostReads = 8;
/** Reads of callers that follow, at once: others wait for their turn. */
const mostTurns = 4;
/** Callers that follow. */
const mostFollowers = 64;

/** The way to the store. */
export class TelemetryDoor {
  readonly #state: () => TelemetryState;
  readonly #log: Logger;
  #reads = 0;
  #followers = 0;
  #turns = 0;
  /** Followers whose turn has not come, each once */
  readonly #waiting: (() => void)[] = [];

  constructor(state: () => TelemetryState, log: Logger) {
    this.#state = state;
    this.#log = log;
  }

  /** The store, or a 503 that says why there is none. */
  get telemetry(): Extract<TelemetryState, { kind: "ready" }>["telemetry"] {
    const state = this.#state();
    if (state.kind === "ready") return state.telemetry;
    throw unavailable(state.reason);
  }

  /** Everything up to this sequence is stored; undefined while there is no store. */
  get highWater(): bigint | undefined {
    const state = this.#state();
    return state.kind === "ready" ? state.telemetry.highWater : undefined;
  }

  /** Runs a read. Throws a 429 when too many run, a 400 for what cannot be asked, a 503 when the store does not answer. */
  async read<Answer>(action: () => Promise<Answer>): Promise<Answer> {
    if (this.#reads >= mostReads) {
      throw tooManyRequests("too many reads of telemetry at once, try again later");
    }
    this.#reads++;
    try {
      return await action();
    } catch (error) {
      throw this.#refusal(error);
    } finally {
      this.#reads--;
    }
  }

  /** Takes the place of a follower, and gives what ends it. Throws a 429 when all are taken. */
  enter(): () => void {
    if (this.#followers >= mostFollowers) {
      throw tooManyRequests("too many callers follow telemetry, try again later");
    }
    this.#followers++;
    return () => void this.#followers--;
  }

  /** Runs a read of a follower when its turn has come. Throws what the store does. */
  async readInTurn<Answer>(action: () => Promise<Answer>): Promise<Answer> {
    while (this.#turns >= mostTurns) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#turns++;
    try {
      return await action();
    } finally {
      this.#turns--;
      this.#waiting.shift()?.();
    }
  }

  #refusal(error: unknown): StatusError {
    if (error instanceof StatusError) return error;
    if (error instanceof ClrkError && error.code === "CLRK_INVALID_ARGUMENT") {
      return badRequest(error.expose ?? "the request cannot be answered");
    }
    this.#log.warn("Telemetry was not read", { error: describeError(error) });
    return unavailable(
      "The telemetry store did not answer: ask again, or for less (since, until, limit)",
    );
  }
}

function unavailable(message: string): StatusError {
  return new StatusError({
    code: 503,
    reason: "ServiceUnavailable",
    message,
    details: { retryAfterSeconds: 2 },
  });
}
