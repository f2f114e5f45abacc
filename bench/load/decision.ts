/**
 * `npm run bench -- decision`: how long the engine takes to know which of thousands of rules is about a model call, and
 * to count the call for three limits; and to judge a call of a tool by thousands of matches. Each decision by itself, in
 * this process.
 */
import { LimitTable, createLimitMemory } from "../../extproc/limit-table.ts";
import { RateLimits } from "../../extproc/rate-limits.ts";
import { RuleIndex } from "../../extproc/rule-index.ts";
import { createCounters, ThreadCounters } from "../../extproc/thread-counters.ts";
import type { RoutedRule } from "../../gateway/routing-plan.ts";
import type { LimitPlan } from "../../gateway/snapshot.ts";
import { seededRandom } from "../../providers/testdata/seeded-random.ts";
import type { DecisionTimes } from "./decision-times.ts";
import { summariseTimes } from "./decision-times.ts";
import { formatFigure } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { measureMcpDecisions } from "./mcp-decision.ts";
import { parseOptions } from "./options.ts";
import type { OptionTable } from "./options.ts";
import { writeOut } from "./run-output.ts";

const optionTable: OptionTable = {
  numbers: {
    rules: { fallback: 4_096, min: 1, max: 100_000 },
    decisions: { fallback: 200_000, min: 1_000, max: 10_000_000 },
    seed: { fallback: 1, min: 0, max: 999_999_999 },
  },
  texts: ["json"],
  switches: [],
};

/** What every decision has to keep to, at the 99th percentile. */
const limitMicros = 20;

/** Runs the sub-command and prints its report; UsageError for bad arguments. */
export async function runDecision(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const [rules, decisions, seed] = (["rules", "decisions", "seed"] as const).map((name) =>
    options.number(name),
  ) as [number, number, number];
  const times = measureDecisions({ rules, decisions, seed });
  const mcp = measureMcpDecisions({ rules, decisions, seed });
  process.stdout.write(
    describeTimes(`${rules} rules, ${decisions} model calls`, times) +
      describeTimes(`${rules} matches, ${decisions} calls of tools`, mcp),
  );
  const json = options.text("json");
  if (json === undefined) return;
  const results = { machine: describeMachine(), rules, decisions, seed, ...times, mcp };
  await writeOut(json, `${JSON.stringify(results, undefined, 2)}\n`);
}

function describeTimes(what: string, times: DecisionTimes): string {
  const { found, maxMicros, p50Micros, p99Micros } = times;
  const verdict = p99Micros <= limitMicros ? "met" : "MISSED";
  return (
    `${what}, ${Math.round(found * 100)} % of them with a rule: p50 ${formatFigure(p50Micros)} µs, p99 ${formatFigure(p99Micros)} µs, at most ${formatFigure(maxMicros)} µs\n` +
    `${verdict}: a decision at most ${limitMicros} µs at the 99th percentile\n`
  );
}

/** Decides so many calls by so many rules, whose globs are of all shapes; the first tenth warms up. */
export function measureDecisions(options: {
  readonly rules: number;
  readonly decisions: number;
  readonly seed: number;
}): DecisionTimes {
  const random = seededRandom(options.seed);
  const index = new RuleIndex(Array.from({ length: options.rules }, (_, at) => ruleOf(at)));
  const limiter = createLimiter();
  const warmUp = Math.floor(options.decisions / 10);
  const micros = new Float64Array(options.decisions);
  let found = 0;
  for (let turn = -warmUp; turn < options.decisions; turn++) {
    const at = Math.floor(random() * options.rules * 2);
    const model = modelOf(at);
    const caller = `run:run-${at % 1_000}`;
    const start = process.hrtime.bigint();
    const rule = index.find(["/v1/chat/completions"], model);
    if (rule?.limits !== undefined) limiter.take(rule.limits, { caller, route: rule.route });
    const end = process.hrtime.bigint();
    if (turn < 0) continue;
    if (rule !== undefined) found++;
    micros[turn] = Number(end - start) / 1_000;
  }
  return summariseTimes(micros, found);
}

function createLimiter(): RateLimits {
  return new RateLimits({
    table: new LimitTable(createLimitMemory()),
    counters: new ThreadCounters(createCounters(1), 0),
    nowMs: () => performance.now(),
    agentOfRun: () => "Process/default/agent",
  });
}

const limits = (["PerAgent", "PerExecution", "PerRoute"] as const).map((scope): LimitPlan => {
  const policy = { kind: "RateLimitPolicy", namespace: "default", name: scope.toLowerCase() };
  return { policy, requests: 1_000_000_000, windowMs: 60_000, scope };
});

function ruleOf(at: number): RoutedRule {
  return {
    route: { kind: "AIProviderRoute", namespace: "default", name: `team-${at}` },
    ruleIndex: 0,
    endpoints: ["/v1/chat/*"],
    models: [globOf(at)],
    meters: true,
    limits,
    candidates: [],
  };
}

/** Whole names, beginnings, endings, and what has both. */
function globOf(at: number): string {
  switch (at % 4) {
    case 0:
      return modelOf(at);
    case 1:
      return `team-${at}-*`;
    case 2:
      return `*-${at}-model`;
    default:
      return `team-${at}-*-model`;
  }
}

/** Every second one is of no rule. */
function modelOf(at: number): string {
  return `team-${at}-${at}-model`;
}
