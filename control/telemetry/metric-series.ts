/** Series of a metric over a window: one value or one for each step, by groups; the 50 largest groups are given. */
import { ClrkError } from "../../gateway/errors.ts";
import { sequenceAt } from "./ingest-sequence.ts";
import { metricCatalogue } from "./metric-catalogue.ts";
import type { Metric } from "./metric-catalogue.ts";
import type { AgentScope } from "./queries.ts";
import type { StoreClient, StoreParameters, StoreRow } from "./store-client.ts";

/** What is asked for. */
export interface SeriesRequest {
  /** Id of the catalogue */
  readonly metric: string;
  /** Label; default the metric's first */
  readonly groupBy?: string;
  /** Unix `ms`, inclusive */
  readonly sinceMs: number;
  /** Unix `ms`, exclusive; at most 31 days after `sinceMs` */
  readonly untilMs: number;
  /** Whole seconds, for at most 1,500 steps; absent: one value for the window */
  readonly stepSeconds?: number;
  /** Of histograms, each above 0 and below 1; default 0.5, 0.95 and 0.99 */
  readonly quantiles?: readonly number[];
  /** Only one agent's; absent: all of the namespace, or of all where that is absent too */
  readonly scope?: AgentScope;
  readonly namespace?: string;
  /** Only one gateway's, `namespace/name` */
  readonly gateway?: string;
  readonly signal?: AbortSignal;
}

/** One series. */
export interface MetricSeries {
  /** The group's label, and `measure` or `quantile` where there are several */
  readonly labels: Readonly<Record<string, string>>;
  /** In order of time; a step without rows has no point */
  readonly points: readonly MetricPoint[];
}

/** One value; counters are exact decimal text. */
export interface MetricPoint {
  /** Begin of the step in Unix `ms`, whole steps since 1970; without steps the begin of the window */
  readonly timeMs: number;
  readonly value: string;
}

/** What was computed, with the request as it was understood. */
export interface SeriesAnswer {
  readonly metric: string;
  readonly type: Metric["type"];
  readonly unit: string;
  readonly groupBy: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly stepSeconds: number | undefined;
  /** Groups were left out */
  readonly isTruncated: boolean;
  readonly series: readonly MetricSeries[];
}

const mostGroups = 50;
const mostSteps = 1_500;
const longestMs = 31 * 24 * 3_600_000;
const skewMs = 24 * 3_600_000;
const defaultQuantiles = [0.5, 0.95, 0.99];

interface Plan {
  readonly metric: Metric;
  readonly label: string;
  readonly values: readonly PlannedValue[];
  readonly conditions: readonly string[];
  readonly parameters: StoreParameters;
}

interface PlannedValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly sql: string;
  readonly alias: string;
}

/** Computes the series. Throws CLRK_INVALID_ARGUMENT for what the catalogue does not have, and for a window or step out of bounds. */
export async function metricSeries(
  client: Pick<StoreClient, "query">,
  request: SeriesRequest,
): Promise<SeriesAnswer> {
  const plan = planOf(request);
  const { metric, label, values } = plan;
  const groups = await queryTotals(client, plan, request.signal);
  const shown = groups.slice(0, mostGroups);
  const { stepSeconds, sinceMs, untilMs } = request;
  const rows: readonly StoreRow[] =
    stepSeconds === undefined || shown.length === 0
      ? shown.map((row) => ({ ...row, step: sinceMs }))
      : await querySteps(client, plan, { stepSeconds, shown, signal: request.signal });
  return {
    metric: metric.id,
    type: metric.type,
    unit: metric.unit,
    groupBy: label,
    sinceMs,
    untilMs,
    stepSeconds,
    isTruncated: groups.length > mostGroups,
    series: shown.flatMap(({ grp }) => {
      const own = rows.filter((row) => row["grp"] === grp);
      return values.map(({ labels, alias }) => ({
        labels: { [label]: String(grp), ...labels },
        points: own.map((row) => ({
          timeMs: Number(row["step"]),
          value: valueText(row[alias], metric.type),
        })),
      }));
    }),
  };
}

function planOf(request: SeriesRequest): Plan {
  const metric = metricCatalogue.get(request.metric);
  if (metric === undefined) throw invalid(`metric "${request.metric.slice(0, 64)}" is not known`);
  const label = request.groupBy ?? [...metric.groupBy.keys()][0] ?? "";
  if (!metric.groupBy.has(label)) {
    const known = [...metric.groupBy.keys()].join(", ");
    throw invalid(`"${label.slice(0, 64)}" is no label of "${metric.id}", want one of ${known}`);
  }
  checkWindow(request);
  const { scope, namespace, gateway, sinceMs, untilMs } = request;
  const conditions = [
    metric.where,
    "Timestamp >= fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC')",
    "Timestamp < fromUnixTimestamp64Milli({untilMs:Int64}, 'UTC')",
    // Leaves out whole partitions.
    "Sequence >= {sinceSequence:UInt64}",
    ...(scope?.namespace === undefined && namespace === undefined
      ? []
      : ["AgentNamespace = {namespace:String}"]),
    ...(scope === undefined ? [] : ["AgentKind = {kind:String}", "AgentName = {name:String}"]),
    ...(gateway === undefined ? [] : ["EgressGateway = {gateway:String}"]),
  ];
  const within = scope?.namespace ?? namespace;
  const parameters = {
    sinceMs,
    untilMs,
    sinceSequence: sequenceAt(sinceMs - skewMs),
    ...(within !== undefined && { namespace: within }),
    ...(scope !== undefined && { kind: scope.kind, name: scope.name }),
    ...(gateway !== undefined && { gateway }),
  };
  return { metric, label, values: valuesOf(metric, request.quantiles), conditions, parameters };
}

function valuesOf(metric: Metric, quantiles: readonly number[] | undefined): PlannedValue[] {
  if (metric.type === "counter") {
    if (quantiles !== undefined) throw invalid(`"${metric.id}" is a counter, it has no quantiles`);
    return metric.measures.map(({ name, sql }, index) => ({
      labels: name === "" ? {} : { measure: name },
      sql,
      alias: `value${index}`,
    }));
  }
  const levels = [...new Set(quantiles ?? defaultQuantiles)];
  if (levels.length === 0 || levels.length > 16) throw invalid("want from 1 to 16 quantiles");
  return levels.map((level, index) => {
    if (!(level > 0 && level < 1)) throw invalid(`quantile ${level} is not above 0 and below 1`);
    return {
      labels: { quantile: String(level) },
      // A number of ours as digits: the parameters of an aggregate function cannot be bound.
      sql: `quantileTDigest(${level.toFixed(6)})(${metric.measures[0]?.sql})`,
      alias: `value${index}`,
    };
  });
}

function checkWindow({ sinceMs, untilMs, stepSeconds }: SeriesRequest): void {
  const isWhole = Number.isSafeInteger(sinceMs) && Number.isSafeInteger(untilMs) && sinceMs >= 0;
  if (!isWhole || sinceMs >= untilMs) throw invalid("the window has no length");
  if (untilMs - sinceMs > longestMs) throw invalid("the window is longer than 31 days");
  if (stepSeconds === undefined) return;
  if (!Number.isSafeInteger(stepSeconds) || stepSeconds < 1) {
    throw invalid(`step ${stepSeconds} is no whole number of seconds`);
  }
  if (Math.ceil((untilMs - sinceMs) / 1_000 / stepSeconds) > mostSteps) {
    throw invalid(`a step of ${stepSeconds} s makes more than ${mostSteps} steps`);
  }
}

function queryTotals(
  client: Pick<StoreClient, "query">,
  plan: Plan,
  signal: AbortSignal | undefined,
): Promise<readonly StoreRow[]> {
  const { metric, values, conditions, parameters } = plan;
  const total =
    metric.type === "histogram" ? "count()" : metric.measures.map(({ sql }) => sql).join(" + ");
  return client.query(
    `SELECT ${groupSql(plan)} AS grp, ${valueSql(values)}
FROM ${metric.source} WHERE ${conditions.join(" AND ")}
GROUP BY grp ORDER BY ${total} DESC, grp LIMIT {groups:UInt32}`,
    { ...parameters, groups: mostGroups + 1 },
    { maxSeconds: 20, ...(signal !== undefined && { signal }) },
  );
}

function querySteps(
  client: Pick<StoreClient, "query">,
  plan: Plan,
  {
    stepSeconds,
    shown,
    signal,
  }: {
    readonly stepSeconds: number;
    readonly shown: readonly StoreRow[];
    readonly signal: AbortSignal | undefined;
  },
): Promise<readonly StoreRow[]> {
  const { metric, values, conditions, parameters } = plan;
  return client.query(
    `SELECT ${groupSql(plan)} AS grp,
  intDiv(toUnixTimestamp64Milli(Timestamp), {stepMs:Int64}) * {stepMs:Int64} AS step,
  ${valueSql(values)}
FROM ${metric.source} WHERE ${conditions.join(" AND ")} AND ${groupSql(plan)} IN {shown:Array(String)}
GROUP BY grp, step ORDER BY grp, step LIMIT {rows:UInt32}`,
    {
      ...parameters,
      stepMs: stepSeconds * 1_000,
      shown: shown.map(({ grp }) => String(grp)),
      rows: mostGroups * (mostSteps + 1),
    },
    { maxSeconds: 20, ...(signal !== undefined && { signal }) },
  );
}

function groupSql({ metric, label }: Plan): string {
  // A LowCardinality column would stay one, and its dictionary would come in several blocks.
  return `CAST(${metric.groupBy.get(label)}, 'String')`;
}

function valueSql(values: readonly PlannedValue[]): string {
  return values.map(({ sql, alias }) => `${sql} AS ${alias}`).join(", ");
}

function valueText(value: unknown, type: Metric["type"]): string {
  return type === "histogram" ? String(Math.round(Number(value))) : String(value);
}

function invalid(problem: string): ClrkError {
  const message = `Cannot compute a metric: ${problem}`;
  return new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
}
