/**
 * Which backends of rules that fall back are left out for now, judged by the attempts that Envoy logged: one that fails
 * again and again, and one that said when it will serve again. Nobody is left out for longer than the rule allows.
 */

import type { LoggedAttempt } from "./access-log/attempt-line.ts";
import type { Clock } from "./clock.ts";
import { monotonicMs } from "./clock.ts";
import type { Candidate, FallbackPlan } from "./routing-plan.ts";
import { candidateCluster } from "./routing-plan.ts";
import type { ObjectName, Snapshot } from "./snapshot.ts";

/** One backend that is left out. */
export interface Ejection {
  /** `Candidate.pick` */
  readonly pick: string;
  /** From now, in `ms` */
  readonly forMs: number;
}

/** How a backend does, for people. */
export interface BackendState {
  readonly backend: { readonly namespace: string; readonly name: string };
  /** Failures in a row */
  readonly failures: number;
  /** Left out for so long from now in `ms`; 0: it is asked */
  readonly ejectedForMs: number;
  /** Status of its last answer; 0 when it gave none */
  readonly lastStatus: number;
}

/** Failures in a row after which a backend is left out. */
const failuresToEject = 3;

/** First time out; each one that follows is as much longer. */
const baseEjectionMs = 30_000;

const backendFaults: ReadonlySet<string> = new Set(["UF", "UC", "UR", "UT", "UPE", "DF"]);

interface Watched {
  readonly backend: ObjectName;
  readonly pick: string;
  readonly fallback: FallbackPlan;
  failures: number;
  ejections: number;
  untilMs: number;
  lastStatus: number;
}

/** What the judge needs. */
export interface BackendHealthOptions {
  readonly clock: Clock;
  /** Told all ejections whenever they change */
  readonly onChange: (ejections: readonly Ejection[]) => void;
}

/** Judges the backends of one process. */
export class BackendHealth {
  readonly #options: BackendHealthOptions;
  #watched: ReadonlyMap<string, Watched> = new Map();

  constructor(options: BackendHealthOptions) {
    this.#options = options;
  }

  /** Takes the rules of a snapshot; what is known of backends that stay is kept. */
  publish({ gateways }: Pick<Snapshot, "gateways">): void {
    const watched = new Map<string, Watched>();
    for (const { candidate, fallback } of candidatesOf(gateways)) {
      const { backend, pick } = candidate;
      if (backend === null) continue;
      const cluster = candidateCluster(fallback, pick);
      const fresh = {
        backend,
        pick,
        fallback,
        failures: 0,
        ejections: 0,
        untilMs: 0,
        lastStatus: 0,
      };
      watched.set(cluster, this.#watched.get(cluster) ?? fresh);
    }
    this.#watched = watched;
  }

  /** The backend of an attempt; null when no rule has it any more. */
  backendOf(cluster: string): ObjectName | null {
    return this.#watched.get(cluster)?.backend ?? null;
  }

  /** Takes one attempt. */
  note({ cluster, attempt, retryAfter }: LoggedAttempt): void {
    const watched = this.#watched.get(cluster);
    if (watched === undefined) return;
    const { status, reason } = attempt;
    // The agent went away, or nothing is known against the backend: no agent may have it left out.
    if (status === 0 && !isBackendFault(reason)) return;
    watched.lastStatus = status;
    const isFailure = status === 0 || watched.fallback.statuses.includes(status);
    if (!isFailure) {
      this.#recover(watched);
      return;
    }
    watched.failures++;
    const forMs = ejectionMs(watched, retryAfter, this.#options.clock.now());
    if (forMs > 0) this.#eject(watched, forMs);
  }

  /** Everything that is left out now. */
  ejections(): Ejection[] {
    const nowMs = this.#nowMs();
    return [...this.#watched.values()]
      .filter(({ untilMs }) => untilMs > nowMs)
      .map(({ pick, untilMs }) => ({ pick, forMs: untilMs - nowMs }));
  }

  /** States of all backends that rules fall back to, one for each rule that does. */
  states(): BackendState[] {
    const nowMs = this.#nowMs();
    return [...this.#watched.values()].map(({ backend, failures, untilMs, lastStatus }) => ({
      backend: { namespace: backend.namespace, name: backend.name },
      failures,
      ejectedForMs: Math.max(0, Math.round(untilMs - nowMs)),
      lastStatus,
    }));
  }

  #recover(watched: Watched): void {
    watched.failures = 0;
    watched.ejections = 0;
    if (watched.untilMs <= this.#nowMs()) return;
    watched.untilMs = 0;
    this.#options.onChange(this.ejections());
  }

  #eject(watched: Watched, forMs: number): void {
    watched.ejections++;
    watched.failures = 0;
    const untilMs = this.#nowMs() + Math.min(forMs, watched.fallback.maxEjectionMs);
    watched.untilMs = Math.max(watched.untilMs, untilMs);
    this.#options.onChange(this.ejections());
  }

  #nowMs(): number {
    return monotonicMs(this.#options.clock);
  }
}

/** Connect failure, reset, end of the connection and timeouts of the upstream, in Envoy's words; several stand together. */
function isBackendFault(flags: string): boolean {
  return flags.split(",").some((flag) => backendFaults.has(flag));
}

function candidatesOf(
  gateways: Snapshot["gateways"],
): { readonly candidate: Candidate; readonly fallback: FallbackPlan }[] {
  return gateways.flatMap(({ hosts }) =>
    hosts.flatMap(({ rules }) =>
      rules.flatMap(({ engine }) =>
        (engine?.routing?.rules ?? []).flatMap(({ candidates, fallback }) =>
          fallback === undefined ? [] : candidates.map((candidate) => ({ candidate, fallback })),
        ),
      ),
    ),
  );
}

/** How long a failing backend is left out; 0: it is not yet. */
function ejectionMs(
  { failures, ejections }: Watched,
  retryAfter: string,
  nowUnixMs: number,
): number {
  const asked = readRetryAfter(retryAfter, nowUnixMs);
  if (asked > 0) return asked;
  return failures >= failuresToEject ? baseEjectionMs * (ejections + 1) : 0;
}

/** Seconds or a date (RFC 9110 section 10.2.3) as `ms` from now; 0 for anything else. */
function readRetryAfter(text: string, nowUnixMs: number): number {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const date = text === "" ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? 0 : Math.max(0, date - nowUnixMs);
}
