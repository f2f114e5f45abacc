/**
 * Identities of commands behind the explicit proxy. Each gets a random token that only Envoy checks, as a hash; a run
 * that has ended loses its credential, and with it the way out.
 */

import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Clock, TimerHandle } from "./clock.ts";
import type { RunRequest, RunStatus } from "./control-api.ts";
import type { GatewayIdentity } from "./gateway-identity.ts";
import { tryParseCaller } from "./identity.ts";
import type { InvocationEvent } from "./invocation-event.ts";
import type { InvocationTraces } from "./invocation-trace.ts";
import { maySameProcessLive, processIdentity } from "./process-identity.ts";
import type { RunAgent } from "./engine.ts";
import type { EgressRecord, RecordAgent } from "./record.ts";
import type { Run } from "./run.ts";
import type { EndedRun, RunEnd } from "./run-event.ts";
import { runEndEvent, runEvent } from "./run-event.ts";
import type { ProxyCredential } from "./xds.ts";

/** Runs at once; each is a line in Envoy's user list. */
const maxRuns = 1_024;

/** Ended runs whose identity is kept: entries of what they did last, or still do in an open tunnel, come after the end. */
const maxEndedRuns = 4_096;

/** A run whose follower is gone and whose process was never told, or is dead, is ended after this. */
const graceMs = 2_000;

/** A run with the token that nobody else has. */
export interface NewRun {
  readonly run: Run;
  /** Secret: 192 random bits */
  readonly token: string;
}

interface Entry {
  readonly run: Run;
  readonly credential: ProxyCredential;
  followers: number;
  /** As `processIdentity()` gives it: an id alone may be another process's by now */
  process: string | undefined;
  requests: number;
  denied: number;
  wouldDeny: number;
  timer: TimerHandle | undefined;
}

/** What the registry needs. */
export interface RunRegistryOptions {
  readonly clock: Clock;
  readonly traces: InvocationTraces;
  /** What runs are told to be of; absent where nothing names this process */
  readonly gatewayProcess?: GatewayIdentity | undefined;
  /** Called when the credentials of a gateway changed */
  readonly onChange: (gateway: string) => void;
  /** Told what becomes of runs; `ended` with their end. Must not throw */
  readonly onEvent?: (event: InvocationEvent, ended?: EndedRun) => void;
  /** Names the process of an id, and tells whether that one lives; injected for tests */
  readonly identify?: (pid: number) => string;
  readonly isAlive?: (identity: string) => boolean;
}

/** Holds the runs of one gateway process. */
export class RunRegistry {
  readonly #options: RunRegistryOptions;
  readonly #runs = new Map<string, Entry>();
  readonly #ended = new Map<string, Run>();

  constructor(options: RunRegistryOptions) {
    this.#options = options;
  }

  /** Registers a run; undefined when there are too many. */
  register(request: RunRequest, gateway: { namespace: string; name: string }): NewRun | undefined {
    if (this.#runs.size >= maxRuns) return undefined;
    const runId = `run-${randomBytes(6).toString("hex")}`;
    const token = randomBytes(24).toString("base64url");
    const invocationId = randomUUID();
    const root = this.#options.traces.rootOf(invocationId);
    if (root === null) throw new TypeError("Cannot register run: its invocation has no id");
    const run: Run = {
      runId,
      invocationId,
      root,
      gateway: `${gateway.namespace}/${gateway.name}`,
      agent: {
        kind: "Process",
        namespace: gateway.namespace,
        name: request.agent,
        uid: runId,
        revision: "",
        invocationId,
      },
      command: request.command,
      since: new Date(this.#options.clock.now()).toISOString(),
    };
    // The token is random and long: a fast hash gives nothing away, and it is the one that Envoy takes.
    const passwordHash = `{SHA}${createHash("sha1").update(token).digest("base64")}`;
    const entry: Entry = {
      run,
      credential: { runId, agent: request.agent, root, passwordHash },
      followers: 0,
      process: undefined,
      requests: 0,
      denied: 0,
      wouldDeny: 0,
      timer: undefined,
    };
    this.#runs.set(runId, entry);
    this.#watch(entry);
    this.#options.onChange(run.gateway);
    this.#tell(run, "Dispatched");
    return { run, token };
  }

  /** Proxy credentials that are valid for a gateway now. */
  credentials(gateway: string): readonly ProxyCredential[] {
    const entries = [...this.#runs.values()].filter(({ run }) => run.gateway === gateway);
    return entries.map(({ credential }) => credential);
  }

  /** Whose every run is that `find()` gives. */
  agents(): RunAgent[] {
    const live = [...this.#runs.values()].map(({ run }) => run);
    return [...this.#ended.values(), ...live].map(agentOf);
  }

  /** The run of that id, also when it is one of the last 4,096 that ended. */
  find(runId: string): Run | undefined {
    return this.#runs.get(runId)?.run ?? this.#ended.get(runId);
  }

  /** Who calls by the text that a connection proves (`FILTER_STATE.caller`); null for what says nobody. */
  findAgent(text: string): RecordAgent | null {
    const caller = tryParseCaller(text);
    if (caller === undefined) return null;
    return caller.kind === "agent" ? caller.agent : (this.find(caller.runId)?.agent ?? null);
  }

  /** Counts a record towards its run. */
  count(record: EgressRecord): void {
    const entry = this.#runs.get(record.agent?.uid ?? "");
    if (entry === undefined) return;
    entry.requests++;
    if (record.decision.verdict === "deny") entry.denied++;
    if (record.decision.wouldDeny !== undefined) entry.wouldDeny++;
  }

  /** Keeps the run alive until the function returned is called. */
  follow(runId: string): (() => void) | undefined {
    const entry = this.#runs.get(runId);
    if (entry === undefined) return undefined;
    entry.followers++;
    let following = true;
    return () => {
      if (!following) return;
      following = false;
      entry.followers--;
      this.#watch(entry);
    };
  }

  /** Keeps the run alive as long as the process lives, even when its terminal is gone. */
  setProcess(runId: string, pid: number): boolean {
    const entry = this.#runs.get(runId);
    if (entry === undefined) return false;
    const { identify = processIdentity } = this.#options;
    if (entry.process === undefined) this.#tell(entry.run, "Running");
    entry.process = identify(pid);
    return true;
  }

  /** Ends a run; its credential is refused from the next configuration on. False for one that is not there. */
  end(runId: string, how: RunEnd = { kind: "unknown" }): boolean {
    const entry = this.#runs.get(runId);
    if (entry === undefined) return false;
    this.#options.clock.clearTimeout(entry.timer);
    this.#runs.delete(runId);
    this.#ended.set(runId, entry.run);
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= maxEndedRuns) break;
      this.#ended.delete(oldest);
    }
    this.#options.onChange(entry.run.gateway);
    this.#tellEnd(entry, how);
    return true;
  }

  /** Every run with its counts. */
  status(): readonly RunStatus[] {
    return [...this.#runs.values()].map(({ run, requests, denied, wouldDeny }) => ({
      runId: run.runId,
      agent: run.agent.name,
      gateway: run.gateway,
      command: run.command,
      since: run.since,
      requests,
      denied,
      ...(wouldDeny > 0 && { wouldDeny }),
    }));
  }

  /** How many runs each agent has, by `Kind/namespace/name`. */
  countByAgent(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { run } of this.#runs.values()) {
      const [, agent] = agentOf(run);
      counts.set(agent, (counts.get(agent) ?? 0) + 1);
    }
    return counts;
  }

  /** Says that all runs are over, as far as anybody here will know, and disarms all timers. */
  close(): void {
    for (const entry of this.#runs.values()) {
      this.#options.clock.clearTimeout(entry.timer);
      this.#tellEnd(entry, { kind: "gateway-stopped" });
    }
    this.#runs.clear();
    this.#ended.clear();
  }

  #tell(run: Run, phase: "Dispatched" | "Running"): void {
    this.#options.onEvent?.(this.#signed(runEvent(run, phase, this.#options.clock.now())));
  }

  #tellEnd({ run, requests, denied }: Entry, how: RunEnd): void {
    const event = this.#signed(runEndEvent(run, how, this.#options.clock.now()));
    this.#options.onEvent?.(event, { run, event, requests, denied });
  }

  #signed(event: InvocationEvent): InvocationEvent {
    const { gatewayProcess } = this.#options;
    return gatewayProcess === undefined ? event : { ...event, gatewayProcess };
  }

  #watch(entry: Entry): void {
    const { clock, isAlive = maySameProcessLive } = this.#options;
    clock.clearTimeout(entry.timer);
    entry.timer = clock.setTimeout(() => {
      if (entry.followers > 0) return;
      if (entry.process !== undefined && isAlive(entry.process)) {
        this.#watch(entry);
        return;
      }
      this.end(entry.run.runId);
    }, graceMs);
    entry.timer.unref();
  }
}

/** How policies name the agent of a run. */
export function agentOf({ runId, invocationId, agent }: Run): RunAgent {
  return [runId, `${agent.kind}/${agent.namespace}/${agent.name}`, invocationId];
}
