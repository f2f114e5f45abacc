/**
 * A command whose output is a secret: run at the start, again in time, and when an upstream refused the credential.
 * One run at a time, and never one close upon the other, whoever asks for it.
 */
import type { Clock, TimerHandle } from "../clock.ts";
import { monotonicMs } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { CommandSecret } from "../secret-spec.ts";
import { readCommandOutput } from "./command-output.ts";
import { runSecretCommand } from "./run-command.ts";
import { failed } from "./source-outcome.ts";
import type { SourceOutcome } from "./source-outcome.ts";

/** Whatever happens, a run begins no sooner after the one before. */
const shortestGapMs = 1_000;

/** Runs because a credential was refused begin at least so far apart; twice as far each time nothing new came of it. */
const refusalGapMs = 10_000;

/** A failed run is repeated after this, then after twice as long, and so on. */
const retryMs = 10_000;

/** The most that both grow to. */
const longestGapMs = 300_000;

/** A value is replaced when a fifth of its life is left, at most five minutes before its end. */
const lifeShare = 0.2;
const longestLeadMs = 300_000;

/** The wall clock, which expiry goes by, may jump: it is looked at so often. */
const longestSleepMs = 30_000;

/** What a command source needs. */
export interface CommandSourceOptions {
  readonly spec: Pick<CommandSecret, "command" | "key" | "refreshMs" | "timeoutMs">;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Takes each reading, and a failure when the value in use expires; must not throw */
  readonly onOutcome: (outcome: SourceOutcome) => void;
}

/** A command that is followed from `start()` to `close()`. */
export class CommandSource {
  readonly #options: CommandSourceOptions;
  readonly #closing = new AbortController();
  #timer: TimerHandle | undefined;
  #isRunning = false;
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #lastRefusalRunMs = Number.NEGATIVE_INFINITY;
  #refusalGapMs = refusalGapMs;
  #isRefused = false;
  #failures = 0;
  #dueMs = Number.POSITIVE_INFINITY;
  /** Unix `ms` */
  #refreshAtMs = Number.POSITIVE_INFINITY;
  #expiresAtMs = Number.POSITIVE_INFINITY;
  #readAtMs = Number.POSITIVE_INFINITY;
  #values: ReadonlyMap<string, Buffer> | undefined;

  constructor(options: CommandSourceOptions) {
    this.#options = options;
  }

  /** Runs the command for the first time; resolves when its outcome was handed on. */
  start(): Promise<void> {
    return this.#run();
  }

  /**
   * An upstream refused a request with the value, which began at that Unix `ms`: the command is run soon, unless the
   * value has been read again since.
   */
  noteRefusal(startUnixMs: number): void {
    if (this.#isRunning || this.#isRefused || startUnixMs < this.#readAtMs) return;
    this.#isRefused = true;
    this.#dueMs = Math.min(this.#dueMs, this.#lastRefusalRunMs + this.#refusalGapMs);
    this.#arm();
  }

  /** Kills a run that is under way; no outcome comes after. Idempotent. */
  close(): void {
    this.#closing.abort();
    this.#options.clock.clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    this.#lastStartMs = this.#nowMs();
    if (this.#isRefused) this.#lastRefusalRunMs = this.#lastStartMs;
    // The value in use may expire meanwhile.
    this.#arm();
    const outcome = await this.#read().catch((error: unknown) => failed(describeError(error)));
    this.#isRunning = false;
    if (this.#closing.signal.aborted) return;
    if (outcome.kind === "values") this.#plan(outcome);
    else this.#planRetry();
    this.#isRefused = false;
    this.#options.onOutcome(outcome);
    this.#arm();
  }

  async #read(): Promise<SourceOutcome> {
    const { spec, env, clock } = this.#options;
    const { command, key, timeoutMs } = spec;
    const { signal } = this.#closing;
    const outcome = await runSecretCommand({ command, env, timeoutMs, clock, signal });
    const reading =
      outcome.kind === "failed"
        ? failed(outcome.message)
        : readCommandOutput(outcome.output, { key, nowMs: clock.now() });
    if (reading.kind === "values") return reading;
    return failed(`command "${command[0]}": ${reading.message}`);
  }

  #plan(outcome: Extract<SourceOutcome, { kind: "values" }>): void {
    const { spec, clock } = this.#options;
    const nowMs = clock.now();
    const isNew = this.#values === undefined || !hasSameValues(this.#values, outcome.values);
    if (isNew) this.#refusalGapMs = refusalGapMs;
    else if (this.#isRefused) this.#refusalGapMs = Math.min(this.#refusalGapMs * 2, longestGapMs);
    this.#values = outcome.values;
    this.#failures = 0;
    this.#readAtMs = nowMs;
    this.#dueMs = this.#nowMs() + spec.refreshMs;
    this.#expiresAtMs = outcome.expiresAtMs ?? Number.POSITIVE_INFINITY;
    const leadMs = Math.min((this.#expiresAtMs - nowMs) * lifeShare, longestLeadMs);
    this.#refreshAtMs = this.#expiresAtMs - leadMs;
  }

  #planRetry(): void {
    const delayMs = Math.min(retryMs * 2 ** this.#failures, longestGapMs);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#dueMs = this.#nowMs() + Math.min(delayMs, this.#options.spec.refreshMs);
    this.#refreshAtMs = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    if (this.#closing.signal.aborted) return;
    const untilMs = Math.min(
      this.#isRunning ? longestSleepMs : this.#untilRunMs(),
      this.#expiresAtMs - clock.now(),
      longestSleepMs,
    );
    this.#timer = clock.setTimeout(() => this.#wake(), Math.max(untilMs, 0));
  }

  #untilRunMs(): number {
    const nowMs = this.#nowMs();
    const untilDueMs = Math.min(this.#dueMs - nowMs, this.#refreshAtMs - this.#options.clock.now());
    return Math.max(untilDueMs, this.#lastStartMs + shortestGapMs - nowMs);
  }

  #wake(): void {
    if (this.#expiresAtMs <= this.#options.clock.now()) {
      this.#expiresAtMs = Number.POSITIVE_INFINITY;
      const { command } = this.#options.spec;
      this.#options.onOutcome(failed(`command "${command[0]}": its value has expired`));
    }
    if (!this.#isRunning && this.#untilRunMs() <= 0) void this.#run();
    else this.#arm();
  }

  #nowMs(): number {
    return monotonicMs(this.#options.clock);
  }
}

/** Whether two sets of values are equal. */
export function hasSameValues(
  left: ReadonlyMap<string, Buffer>,
  right: ReadonlyMap<string, Buffer>,
): boolean {
  if (left.size !== right.size) return false;
  for (const [key, value] of left) if (right.get(key)?.equals(value) !== true) return false;
  return true;
}
