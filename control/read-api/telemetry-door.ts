/** How handlers reach the store: whether it can be asked now, how many may ask at once, and what its failures mean to a caller. */
import { ClrkError, describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import type { ConnectedCall } from "../apiserver/api-context.ts";
import { FairTurns } from "../apiserver/fair-turns.ts";
import { badRequest, StatusError, tooManyRequests } from "../apiserver/status-error.ts";
import { UserPlaces } from "../apiserver/user-places.ts";
import type { Telemetry } from "../telemetry/open-telemetry.ts";

/** What can be read, or why nothing can. */
export type TelemetryState =
  | {
      readonly kind: "ready";
      readonly telemetry: Pick<Telemetry, "queries" | "series" | "highWater">;
    }
  /** `reason`: a sentence for people */
  | { readonly kind: "unavailable"; readonly reason: string };

/** What is asked for once: pages, traces and invocations; sums over many rows. */
export type ReadKind = "items" | "series";

/** One read of a caller. */
export interface TelemetryRead<Answer> {
  readonly kind: ReadKind;
  readonly call: Pick<ConnectedCall, "user" | "signal">;
  readonly action: () => Promise<Answer>;
}

/** Together no more than the embedded store has sessions for reads: none of a kind waits there behind another kind. */
const bounds = {
  items: { running: 3, runningOfOne: 2, waiting: 64, waitingOfOne: 32 },
  // They read the most, for up to 20 s each.
  series: { running: 1, runningOfOne: 1, waiting: 32, waitingOfOne: 8 },
  // Each follower has one at most.
  follow: { running: 2, runningOfOne: 1, waiting: 64, waitingOfOne: 64 },
};

/** Callers that follow, in all and of one name. */
const followers = { all: 64, ofOne: 48 };

/** The way to the store. */
export class TelemetryDoor {
  readonly #state: () => TelemetryState;
  readonly #log: Logger;
  readonly #items = new FairTurns({ what: "logs and traces", ...bounds.items });
  readonly #series = new FairTurns({ what: "series of metrics", ...bounds.series });
  readonly #follow = new FairTurns({ what: "what is followed", ...bounds.follow });
  readonly #followers = new UserPlaces(followers);

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

  /**
   * Runs a read when the caller's turn has come. Throws a 429 when too many wait, a 400 for what cannot be asked, a 503
   * when the store does not answer.
   */
  async read<Answer>({ kind, call, action }: TelemetryRead<Answer>): Promise<Answer> {
    const turns = kind === "items" ? this.#items : this.#series;
    try {
      return await turns.run(call.user.name, call.signal, action);
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  /** Takes the place of a follower, and gives what ends it. Throws a 429 when all are taken, or all of this caller. */
  enter({ user }: Pick<ConnectedCall, "user">): () => void {
    const place = this.#followers.take(user.name);
    if (place.kind === "taken") return place.leave;
    throw tooManyRequests("too many callers follow telemetry, try again later");
  }

  /** Runs a read of a follower when its turn has come. Throws what the store does. */
  readInTurn<Answer>(
    { user, signal }: Pick<ConnectedCall, "user" | "signal">,
    action: () => Promise<Answer>,
  ): Promise<Answer> {
    return this.#follow.run(user.name, signal, action);
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
