/**
 * Telemetry as a part of a process that has more to do: opened behind its back, loaded only then, and never a reason for
 * the rest to stop. Whoever asks meanwhile is told why there is none.
 */
import { describeError } from "../../gateway/errors.ts";
import type { InvocationOutcome } from "../../gateway/invocation-span.ts";
import type { ForwardStatus } from "./agent-forwarder.ts";
import { defaultMemoryCapBytes } from "./engine-config.ts";
import type { Telemetry, TelemetryOptions, TelemetryStatus } from "./open-telemetry.ts";
import { defaultMaxAgeMs, defaultMaxBytes } from "./retention.ts";
import { residentBytesOf } from "./store-figures.ts";
import { telemetryReport } from "./telemetry-report.ts";
import type { TelemetryReport } from "./telemetry-report.ts";

/** What a service is given. */
export interface TelemetryServiceOptions extends TelemetryOptions {
  /** Nothing is stored, and whoever asks is told so */
  readonly isOff: boolean;
  /** What goes on to receivers of gateways; absent: nothing does */
  readonly forwarded?: () => ForwardStatus;
}

/** What there is to be had now. */
export type TelemetryNow =
  | { readonly kind: "ready"; readonly telemetry: Telemetry }
  /** A sentence for whoever asked, with what they can do, and without what only the owner of the machine should see */
  | { readonly kind: "unavailable"; readonly reason: string };

const reasons = {
  off: "Telemetry is off: start the control process without --telemetry off",
  opening: "The telemetry store is starting: try again in a moment",
  failing: "The telemetry store is not ready: clrk status says why",
  closed: "The telemetry store is closed: the control process ends",
};

/** Opens from `start()` on, until `close()`. */
export class TelemetryService {
  readonly #options: TelemetryServiceOptions;
  #telemetry: Telemetry | undefined;
  #opening: Promise<void> | undefined;
  #failure = "";
  #isClosed = false;

  constructor(options: TelemetryServiceOptions) {
    this.#options = options;
  }

  /** What can be asked now; never kept by the caller */
  get now(): TelemetryNow {
    if (this.#isClosed) return { kind: "unavailable", reason: reasons.closed };
    if (this.#options.isOff) return { kind: "unavailable", reason: reasons.off };
    const telemetry = this.#telemetry;
    const status = telemetry?.status;
    if (telemetry !== undefined && status?.state === "ready") return { kind: "ready", telemetry };
    const failure = status?.error ?? this.#failure;
    if (failure === "") return { kind: "unavailable", reason: reasons.opening };
    return { kind: "unavailable", reason: reasons.failing };
  }

  /** State of the parts; undefined while there are none */
  get status(): TelemetryStatus | undefined {
    return this.#telemetry?.status;
  }

  /** State for people and programs; asks the store where it answers at once. Never rejects. */
  async report(): Promise<TelemetryReport> {
    const { isOff, server, directory, memoryCapBytes, maxBytes, maxAgeMs, receiver } =
      this.#options;
    const telemetry = this.#isClosed ? undefined : this.#telemetry;
    const [figures, lag, residentBytes] = await Promise.all([
      telemetry?.figures(),
      telemetry?.lag() ?? { bytes: 0, lines: 0 },
      residentBytesOf(telemetry?.status.process?.pid),
    ]);
    return telemetryReport({
      isOff,
      isClosed: this.#isClosed,
      failure: this.#failure,
      status: telemetry?.status,
      ...{ figures, lag, residentBytes },
      hasReceiver: receiver !== undefined,
      forwarded: this.#options.forwarded?.(),
      place:
        server === undefined
          ? { kind: "embedded", place: directory }
          : { kind: "server", place: server.url },
      memoryCapBytes: memoryCapBytes ?? defaultMemoryCapBytes,
      maxBytes: maxBytes ?? defaultMaxBytes,
      maxAgeMs: maxAgeMs ?? defaultMaxAgeMs,
    });
  }

  /** Takes root spans that no gateway tells, as `Telemetry.takeRoots()`; where telemetry is off nobody wants them. */
  async takeRoots(roots: readonly InvocationOutcome[]): Promise<"taken" | "later"> {
    if (this.#options.isOff) return "taken";
    if (this.#isClosed || this.#telemetry === undefined) return "later";
    return this.#telemetry.takeRoots(roots);
  }

  /** Begins, once. */
  start(): void {
    if (!this.#options.isOff) this.#opening ??= this.#open();
  }

  /** Stores what is being stored, and ends the store's process. Safe to call again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening;
    await this.#telemetry?.close();
  }

  async #open(): Promise<void> {
    try {
      const { Telemetry } = await import("./open-telemetry.ts");
      if (this.#isClosed) return;
      const telemetry = new Telemetry(this.#options);
      // Known before it is ready, so that its status tells what it waits for.
      this.#telemetry = telemetry;
      await telemetry.open();
    } catch (error) {
      this.#failure = describeError(error);
      this.#options.log.error("Telemetry cannot be opened", { error: this.#failure });
    }
  }
}
