/**
 * Ends runs whose end nobody will tell, because the gateway that ran them was killed. Invariant: a run of a gateway that
 * may live is never ended, and what a gateway told before it went comes first.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { monotonicMs, sleep } from "../../gateway/clock.ts";
import type { Clock } from "../../gateway/clock.ts";
import { ClrkError, describeError } from "../../gateway/errors.ts";
import type { GatewayIdentity, GatewayLife } from "../../gateway/gateway-identity.ts";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import type { Logger } from "../../gateway/log.ts";
import { mostOpenInvocations } from "./active-invocations.ts";
import type { ActiveInvocations, OpenRun } from "./active-invocations.ts";
import { concludedReasons, runKind } from "./concluded-end.ts";
import type { EventLog } from "./event-log.ts";
import { RepeatedLook } from "./repeated-look.ts";

/** What it works with; it closes none of it. */
export interface LostRunsOptions {
  readonly active: Pick<ActiveInvocations, "find" | "has">;
  readonly log: Pick<EventLog, "append">;
  /** Whether all that gateways of this home had written before the call is in the log */
  readonly readAll: () => Promise<boolean>;
  readonly lookForGateway: (identity: GatewayIdentity) => GatewayLife;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Numbers since the start. */
export interface LostRunsStatus {
  /** Runs that were ended here */
  readonly ended: number;
  /** What does not work now, a sentence; empty when all does */
  readonly failure: string;
}

/** Nobody waits for the end of a run whose gateway was killed: what it asks for fails at once. In `ms`. */
const lookEveryMs = 5_000;

/** A look at very many runs takes its time: so many times longer than it took the next one comes at the soonest. */
const restFactor = 4;

/** A run of a gateway of which nothing is known counts as over after so long without news, in `ms`: ended ones are kept as long. */
const unheardMs = 30 * 24 * 60 * 60 * 1_000;

type Loss = keyof typeof concludedReasons;

const messages: Readonly<Record<Loss, string>> = {
  gone: "The gateway process is gone, and told no end",
  unheard: "Nothing was heard of it for 30 days, and whether its gateway lives is not known here",
};

/** Looks from `start()` to `close()`. */
export class LostRuns {
  readonly #options: LostRunsOptions;
  readonly #repeated: RepeatedLook;
  #isClosing = false;
  #ended = 0;

  constructor(options: LostRunsOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#repeated = new RepeatedLook({
      ...{ clock, everyMs: lookEveryMs },
      look: (signal) => this.#look(signal),
      describe: (error) => this.#describe(error),
      onFailure: (error) => logger.warn("Runs of gateways that are gone are not ended", { error }),
    });
  }

  /** Numbers of now; a new object each time */
  get status(): LostRunsStatus {
    return { ended: this.#ended, failure: this.#repeated.failure };
  }

  /** Begins, once; what fails is tried again. */
  start(): void {
    this.#repeated.start();
  }

  /** Resolves when the look that is under way has ended. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#repeated.close();
  }

  /** One look at all runs, a page at a time. They come by themselves after `start()`. */
  async sweep(): Promise<void> {
    const { active } = this.#options;
    if (!active.has(runKind)) return;
    let last: OpenRun | undefined;
    do {
      const page = await active.find(runKind, last);
      // The store is not up to date: what it has may be over.
      if (page === undefined) return;
      await this.#endLost(page, last);
      last = page.length < mostOpenInvocations ? undefined : page.at(-1);
      // A store that answers at once would keep the process from all else.
      if (last !== undefined) await nextTurn();
    } while (last !== undefined && !this.#isClosing);
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const beganMs = monotonicMs(clock);
    await this.sweep();
    await sleep(clock, restFactor * (monotonicMs(clock) - beganMs), signal);
  }

  async #endLost(page: readonly OpenRun[], before?: OpenRun): Promise<void> {
    const losses = this.#findLosses(page);
    if (losses.size === 0) return;
    const { active, log, readAll, clock, logger } = this.#options;
    // Whoever is gone writes no more: what is open after all of it was read stays open.
    if (!(await readAll())) return;
    const left = (await active.find(runKind, before)) ?? [];
    const events = left.flatMap((run) => {
      const loss = losses.get(keyOf(run));
      return loss === undefined ? [] : [endOf(run, loss, clock.now())];
    });
    const appended = await Promise.all(events.map((event) => log.append(event)));
    const count = appended.filter(({ isDuplicate }) => !isDuplicate).length;
    if (count === 0) return;
    this.#ended += count;
    logger.warn("Ended runs whose gateways are gone", { runs: count });
  }

  #findLosses(page: readonly OpenRun[]): ReadonlyMap<string, Loss> {
    const { lookForGateway, clock } = this.#options;
    const lives = new Map<string, GatewayLife>();
    const lifeOf = ({ gatewayProcess }: OpenRun): GatewayLife => {
      if (gatewayProcess === null) return "unknown";
      const key = JSON.stringify(gatewayProcess);
      const life = lives.get(key) ?? lookForGateway(gatewayProcess);
      lives.set(key, life);
      return life;
    };
    const losses = new Map<string, Loss>();
    for (const run of page) {
      const life = lifeOf(run);
      if (life === "gone") losses.set(keyOf(run), "gone");
      const isUnheard = clock.now() - Math.max(run.changedMs, run.phaseMs) > unheardMs;
      if (life === "unknown" && isUnheard) losses.set(keyOf(run), "unheard");
    }
    return losses;
  }

  /** A log that is closed with us is no failure. */
  #describe(error: unknown): string | undefined {
    if (this.#isClosing && error instanceof ClrkError) return undefined;
    return `Cannot look for runs whose gateways are gone: ${describeError(error)}`;
  }
}

/** Ids belong to namespaces. */
function keyOf({ id, agent }: OpenRun): string {
  return `${agent.namespace}/${id}`;
}

function endOf(run: OpenRun, loss: Loss, nowMs: number): InvocationEvent {
  const { id, agent, trigger, audiences, root, phaseMs, gatewayProcess } = run;
  return {
    ...{ id, phase: "Failed", agent, trigger, audiences, root, exitCode: null },
    // The clock may have been set back meanwhile.
    atUnixMs: Math.max(nowMs, phaseMs),
    ...{ reason: concludedReasons[loss], message: messages[loss] },
    ...(gatewayProcess !== null && { gatewayProcess }),
  };
}
