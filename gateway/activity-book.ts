/**
 * Who did how much: counts of each agent, kept in bounded memory whatever agents, models and hosts there are. Invariant:
 * a record counts once, for its agent or for `other`, so that sums are those of all traffic.
 */
import type {
  ActivityCounts,
  ActivityLine,
  ActivityShare,
  AgentActivity,
} from "./activity-report.ts";
import type { Clock } from "./clock.ts";
import { monotonicMs } from "./clock.ts";
import { ActivityWindow } from "./metrics/activity-window.ts";
import { BoundedSeries } from "./metrics/bounded-series.ts";
import { LatencySample } from "./metrics/latency-sample.ts";
import { recordedCost } from "./record-cost.ts";
import type { EgressRecord } from "./record.ts";

const maxAgents = 256;
/** Models, hosts and reasons that are told apart for one agent. */
const maxShares = 16;
const minuteMs = 60_000;

/** What the book needs. */
export interface ActivityBookOptions {
  readonly clock: Clock;
  /** Commands that run now, by their agents as `Kind/namespace/name` */
  readonly runs: () => ReadonlyMap<string, number>;
}

interface Share {
  requests: number;
  denied: number;
  tokens: number;
  microDollars: number;
}

interface Entry {
  readonly window: ActivityWindow;
  readonly latency: LatencySample;
  readonly models: BoundedSeries<Share>;
  readonly hosts: BoundedSeries<Share>;
  readonly reasons: BoundedSeries<Share>;
  lastUnixMs: number;
  /** By the monotonic clock */
  lastMs: number;
  isChanged: boolean;
}

/** Counts of one gateway process. */
export class ActivityBook {
  readonly #options: ActivityBookOptions;
  readonly #all = new ActivityWindow();
  readonly #agents = new BoundedSeries<Entry>(maxAgents, createEntry);

  constructor(options: ActivityBookOptions) {
    this.#options = options;
  }

  /** Counts a record. */
  note(record: EgressRecord): void {
    const { agent, decision, usage, model, request } = record;
    const nowMs = monotonicMs(this.#options.clock);
    const second = Math.floor(nowMs / 1_000);
    const counts = countsOf(record);
    const name = agent === null ? "" : `${agent.kind}/${agent.namespace}/${agent.name}`;
    const entry = this.#agents.get([name]);
    this.#all.add(second, counts);
    entry.window.add(second, counts);
    entry.isChanged = true;
    entry.lastMs = nowMs;
    entry.lastUnixMs = this.#options.clock.now();
    if (record.kind === "http") entry.latency.add(record.durationMs);
    addShare(entry.hosts.get([request.host]), counts);
    const modelName = model?.responseModel ?? model?.requestModel;
    // Names of models that no provider answered for are the agent's inventions.
    if (usage !== null && modelName) addShare(entry.models.get([modelName]), counts);
    const reason = decision.reason ?? decision.wouldDeny?.reason;
    if (reason) addShare(entry.reasons.get([reason]), counts);
  }

  /** The record as a line of a report. */
  line(record: EgressRecord): ActivityLine {
    const shown = record.capture === null ? record : { ...record, capture: null };
    const { microDollars, isUnpriced } = recordedCost(record);
    return {
      record: shown,
      microDollars: record.cost === undefined || isUnpriced ? null : microDollars,
    };
  }

  /** Of all agents. */
  get total(): ActivityCounts {
    return this.#all.total;
  }

  /** Of all agents in the last 60 s. */
  get lastMinute(): ActivityCounts {
    return this.#all.lastMinute(Math.floor(monotonicMs(this.#options.clock) / 1_000));
  }

  /** Every agent, or those that changed since this was asked last; with their minute also those that were active in it. */
  agents(which: "all" | "changed" | "changed-or-active"): AgentActivity[] {
    const nowMs = monotonicMs(this.#options.clock);
    const runs = this.#options.runs();
    return this.#agents.list().flatMap(({ labels: [agent = ""], value: entry }) => {
      // A second more: its last report must be the one that says zero.
      const isActive = nowMs - entry.lastMs < minuteMs + 1_500;
      const isDue =
        which === "all" || entry.isChanged || (which === "changed-or-active" && isActive);
      if (!isDue) return [];
      // Whoever joins is given all, and takes nobody's news away.
      if (which !== "all") entry.isChanged = false;
      return [describe(agent, entry, { nowMs, runs: runs.get(agent) ?? 0 })];
    });
  }
}

function describe(
  agent: string,
  entry: Entry,
  { nowMs, runs }: { readonly nowMs: number; readonly runs: number },
): AgentActivity {
  const { window, latency, lastUnixMs } = entry;
  const [p50Ms = null, p95Ms = null] = latency.percentiles(50, 95);
  return {
    agent,
    total: window.total,
    lastMinute: window.lastMinute(Math.floor(nowMs / 1_000)),
    p50Ms,
    p95Ms,
    runs,
    lastUnixMs,
    models: sharesOf(entry.models),
    hosts: sharesOf(entry.hosts),
    reasons: sharesOf(entry.reasons),
  };
}

function countsOf(record: EgressRecord): ActivityCounts {
  const { decision, response, kind, usage } = record;
  const { microDollars, isUnpriced } = recordedCost(record);
  const isDenied = decision.verdict === "deny";
  const isFailed = kind === "http" && (response.status === 0 || response.status >= 500);
  return {
    requests: 1,
    denied: isDenied ? 1 : 0,
    audited: decision.wouldDeny === undefined ? 0 : 1,
    failed: !isDenied && isFailed ? 1 : 0,
    inputTokens: usage?.inputTokens ?? 0,
    outputTokens: usage?.outputTokens ?? 0,
    microDollars,
    unpriced: isUnpriced ? 1 : 0,
  };
}

function addShare(share: Share, counts: ActivityCounts): void {
  share.requests += counts.requests;
  share.denied += counts.denied;
  share.tokens += counts.inputTokens + counts.outputTokens;
  share.microDollars += counts.microDollars;
}

function sharesOf(series: BoundedSeries<Share>): ActivityShare[] {
  return series
    .list()
    .map(({ labels: [name = ""], value }) => ({ name, ...value }))
    .sort((one, two) => two.requests - one.requests);
}

function createEntry(): Entry {
  const shares = () =>
    new BoundedSeries<Share>(maxShares, () => ({
      requests: 0,
      denied: 0,
      tokens: 0,
      microDollars: 0,
    }));
  return {
    window: new ActivityWindow(),
    latency: new LatencySample(),
    models: shares(),
    hosts: shares(),
    reasons: shares(),
    lastUnixMs: 0,
    lastMs: 0,
    isChanged: false,
  };
}
