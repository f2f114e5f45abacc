/** Says once that a revision is live: when the Envoys of all gateways have confirmed it. */
import type { Clock } from "./clock.ts";
import type { RevisionNews } from "./compiled-revisions.ts";
import type { GatewayStatus } from "./control-api.ts";
import type { ControlFollowers } from "./control-followers.ts";
import type { GatewayFleet } from "./gateway-fleet.ts";
import type { GatewayRuntime } from "./gateway-runtime.ts";

/** A revision that was compiled and is not live yet. */
export interface PendingRevision extends RevisionNews {
  readonly revision: number;
}

/** What the announcer needs of the process. */
export interface RevisionAnnouncerParts {
  readonly clock: Clock;
  readonly fleet: Pick<GatewayFleet, "runtimes" | "revision">;
  readonly followers: ControlFollowers;
  readonly statusOf: (runtime: GatewayRuntime) => GatewayStatus;
  /** Called before followers are told */
  readonly onLive: () => void;
}

/** Watches the newest revision. */
export class RevisionAnnouncer {
  readonly #parts: RevisionAnnouncerParts;
  #pending: PendingRevision | undefined;

  constructor(parts: RevisionAnnouncerParts) {
    this.#parts = parts;
  }

  /** A revision was compiled; the one before is announced no more. */
  expect(pending: PendingRevision): void {
    this.#pending = pending;
  }

  /** Something was confirmed, or there is a new set of gateways: tells followers where that completes the revision. */
  check(): void {
    const { clock, fleet, followers, statusOf, onLive } = this.#parts;
    const { runtimes, revision } = fleet;
    const pending = this.#pending;
    if (pending === undefined || revision < pending.revision) return;
    if (runtimes.some((runtime) => runtime.liveRevision < pending.revision)) return;
    this.#pending = undefined;
    const inMs = Number(clock.monotonicNs() - pending.startedNs) / 1e6;
    for (const runtime of runtimes) followers.emit({ kind: "gateway", gateway: statusOf(runtime) });
    onLive();
    followers.emit({ kind: "revision", revision, inMs, changes: pending.changes });
  }
}
