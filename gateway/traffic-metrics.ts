/**
 * Counts of what passed, made of records as they come: plain numbers, and a bounded number of series. Invariant: every
 * record is counted once in each family that is about it, whatever names agents invent.
 */
import { auditTreatments } from "./audit.ts";
import { BoundedSeries } from "./metrics/bounded-series.ts";
import { LatencyHistogram } from "./metrics/latency-histogram.ts";
import type { MetricFamily } from "./metric-family.ts";
import { recordedCost } from "./record-cost.ts";
import type { EgressRecord } from "./record.ts";

/** Series of each kind; a manifest has seldom more routes, and a machine seldom more agents. */
const maxSeries = { agents: 200, routes: 500, models: 200, providers: 64 };

const knownReasons: ReadonlySet<string> = new Set(Object.keys(auditTreatments));

interface Tokens {
  input: number;
  output: number;
  cachedInput: number;
  reasoning: number;
  microDollars: number;
  unpriced: number;
}

/** Counts of one gateway process since its start. */
export class TrafficMetrics {
  /** Bounded by the words there are */
  readonly #requests = new BoundedSeries(1_000, createCount);
  readonly #responses = new BoundedSeries(8, createCount);
  readonly #agents = new BoundedSeries(maxSeries.agents, createCount);
  readonly #routes = new BoundedSeries(maxSeries.routes, createCount);
  readonly #durations = new BoundedSeries(2, () => new LatencyHistogram());
  readonly #firstTokens = new BoundedSeries(maxSeries.providers, () => new LatencyHistogram());
  readonly #models = new BoundedSeries<Tokens>(maxSeries.models, createTokens);

  /** Counts a record. */
  note(record: EgressRecord): void {
    const { decision, tier, agent, model } = record;
    const verdict = verdictOf(record);
    const reason = decision.reason ?? decision.wouldDeny?.reason ?? "";
    const known = reason === "" || knownReasons.has(reason) ? reason : "other";
    this.#requests.get([verdict, known, tier, record.kind]).count++;
    const name = agent === null ? "none" : `${agent.kind}/${agent.namespace}/${agent.name}`;
    this.#agents.get([name, verdict]).count++;
    const route = decision.route ?? decision.wouldDeny?.route ?? null;
    const routeName = route === null ? "none" : `${route.kind}/${route.namespace}/${route.name}`;
    this.#routes.get([routeName, verdict]).count++;
    if (record.kind === "http") {
      this.#responses.get([statusClass(record.response.status)]).count++;
      this.#durations.get([tier]).add(record.durationMs / 1_000);
    }
    if (model !== null) this.#noteCall(record, model);
  }

  #noteCall(record: EgressRecord, model: NonNullable<EgressRecord["model"]>): void {
    const provider = record.routing?.provider || record.provider || "none";
    const { timeToFirstTokenMs } = model;
    if (timeToFirstTokenMs !== null)
      this.#firstTokens.get([provider]).add(timeToFirstTokenMs / 1_000);
    const { usage } = record;
    // Names of models that no provider answered for are the agent's inventions.
    if (usage === null) return;
    const name = model.responseModel ?? model.requestModel ?? "none";
    const tokens = this.#models.get([provider, name]);
    tokens.input += usage.inputTokens ?? 0;
    tokens.output += usage.outputTokens ?? 0;
    tokens.cachedInput += usage.cachedInputTokens ?? 0;
    tokens.reasoning += usage.reasoningTokens ?? 0;
    const { microDollars, isUnpriced } = recordedCost(record);
    tokens.microDollars += microDollars;
    if (isUnpriced) tokens.unpriced++;
  }

  /** What was counted so far. */
  families(): MetricFamily[] {
    return [
      counter("clrk_requests", requestsHelp, this.#requests, ["verdict", "reason", "tier", "kind"]),
      counter("clrk_agent_requests", agentsHelp, this.#agents, ["agent", "verdict"]),
      counter("clrk_route_requests", routesHelp, this.#routes, ["route", "verdict"]),
      counter("clrk_responses", responsesHelp, this.#responses, ["class"]),
      histogram("clrk_request_duration_seconds", durationsHelp, this.#durations, "tier"),
      histogram("clrk_time_to_first_token_seconds", firstHelp, this.#firstTokens, "provider"),
      this.#tokens(),
      ...this.#costs(),
    ];
  }

  #tokens(): MetricFamily {
    const samples = this.#models.list().flatMap(({ labels: [provider = "", model = ""], value }) =>
      (
        [
          ["input", value.input],
          ["output", value.output],
          ["cached_input", value.cachedInput],
          ["reasoning", value.reasoning],
        ] as const
      ).map(([type, count]) => ({
        labels: [
          ["provider", provider],
          ["model", model],
          ["type", type],
        ] as const,
        value: count,
      })),
    );
    return { kind: "counter", name: "clrk_model_tokens", help: tokensHelp, samples };
  }

  #costs(): MetricFamily[] {
    const samples = (numberOf: (tokens: Tokens) => number) =>
      this.#models.list().map(({ labels: [provider = "", model = ""], value }) => ({
        labels: [
          ["provider", provider],
          ["model", model],
        ] as const,
        value: numberOf(value),
      }));
    return [
      {
        kind: "counter",
        name: "clrk_model_cost_dollars",
        help: costHelp,
        unit: "dollars",
        samples: samples(({ microDollars }) => microDollars / 1e6),
      },
      {
        kind: "counter",
        name: "clrk_model_unpriced_calls",
        help: unpricedHelp,
        samples: samples(({ unpriced }) => unpriced),
      },
    ];
  }
}

const requestsHelp =
  "Transactions that are over, by verdict (allow, deny, audit: let by where it would have been denied), reason of a denial, what decided (native, engine) and kind (http, tls, tcp).";
const agentsHelp = `Transactions by agent; those of agents after the first ${maxSeries.agents / 2} or so are of other.`;
const routesHelp =
  "Transactions by the route that decided, as Kind/namespace/name; none where the gateway decided without one.";
const responsesHelp =
  "HTTP answers that agents got, by class of status; none where there was no answer.";
const durationsHelp =
  "Time from the first byte of a request to the last of its answer, by what decided.";
const firstHelp = "Time from a model call's headers to its first event with content, by provider.";
const tokensHelp =
  "Tokens that providers told, by type; cached_input is part of input, reasoning part of output.";
const costHelp = "Cost of model calls by the prices that are known, or as a budget charged it.";
const unpricedHelp =
  "Model calls with tokens of models whose price is not known; their cost is in no sum.";

function counter(
  name: string,
  help: string,
  series: BoundedSeries<{ count: number }>,
  labelNames: readonly string[],
): MetricFamily {
  const samples = series.list().map(({ labels, value }) => ({
    labels: labels.map((label, index) => [labelNames[index] ?? "", label] as const),
    value: value.count,
  }));
  return { kind: "counter", name, help, samples };
}

function histogram(
  name: string,
  help: string,
  series: BoundedSeries<LatencyHistogram>,
  label: string,
): MetricFamily {
  const samples = series.list().map(({ labels: [text = ""], value }) => ({
    labels: [[label, text] as const],
    value: value.value,
  }));
  return { kind: "histogram", name, help, unit: "seconds", samples };
}

function verdictOf({ decision }: EgressRecord): string {
  return decision.wouldDeny === undefined ? decision.verdict : "audit";
}

function statusClass(status: number): string {
  return status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : "none";
}

function createCount(): { count: number } {
  return { count: 0 };
}

function createTokens(): Tokens {
  return { input: 0, output: 0, cachedInput: 0, reasoning: 0, microDollars: 0, unpriced: 0 };
}
