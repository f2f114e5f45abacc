/** Series of metrics and their catalogue. */
import type { Clock } from "../../gateway/clock.ts";
import type { ApiAnswer, ConnectedCall } from "../apiserver/api-context.ts";
import { metricCatalogue } from "../telemetry/metric-catalogue.ts";
import type { SeriesAnswer, SeriesRequest } from "../telemetry/metric-series.ts";
import { checkKnown, malformed, readTime } from "./read-parameters.ts";
import type { TelemetryDoor } from "./telemetry-door.ts";

/** Group and version of metrics. */
export const metricsGroup = { group: "metrics.clrk.apoxy.dev", version: "v1alpha1" } as const;

const apiVersion = `${metricsGroup.group}/${metricsGroup.version}`;
const hourMs = 3_600_000;
const mostQuantiles = 8;

/** What a query for a series may name. */
export const seriesParameters: ReadonlySet<string> = new Set([
  "metric",
  "groupBy",
  "since",
  "until",
  "step",
  "quantiles",
]);

/** Whose series. */
export type SeriesScope = Pick<SeriesRequest, "scope" | "gateway" | "namespace">;

/** The catalogue as a list of objects. */
export function answerCatalogue(): ApiAnswer {
  const items = [...metricCatalogue.values()].map(({ id, type, unit, measures, groupBy }) => ({
    apiVersion,
    kind: "Metric",
    metadata: { name: id },
    spec: {
      type,
      unit,
      groupBy: [...groupBy.keys()],
      measures: measures.map(({ name }) => name).filter((name) => name !== ""),
    },
  }));
  const body = { apiVersion, kind: "MetricList", metadata: {}, items };
  return { status: 200, body: JSON.stringify(body) };
}

/** One metric's series. Throws a 400 that names the parameter. */
export async function answerSeries(
  call: ConnectedCall,
  about: SeriesScope,
  { door, clock }: { readonly door: TelemetryDoor; readonly clock: Clock },
): Promise<ApiAnswer> {
  const { target, signal } = call;
  const request = { ...readSeriesRequest(target.query, clock.now()), ...about, signal };
  const { telemetry } = door;
  const action = () => telemetry.series(request);
  const answer = await door.read({ kind: "series", call, action });
  return { status: 200, body: JSON.stringify(seriesObject(answer)) };
}

/** Reads the query; `nowMs` is the end where none is given. */
export function readSeriesRequest(query: URLSearchParams, nowMs: number): SeriesRequest {
  checkKnown(query, seriesParameters);
  const metric = query.get("metric") ?? "";
  if (!metricCatalogue.has(metric)) {
    throw malformed("metric", `is none of ${[...metricCatalogue.keys()].join(", ")}`);
  }
  // What has not been cannot be counted.
  const untilMs = Math.min(readMs(query, "until") ?? nowMs, nowMs);
  const groupBy = query.get("groupBy");
  const stepSeconds = readStep(query);
  const quantiles = readQuantiles(query);
  return {
    metric,
    sinceMs: readMs(query, "since") ?? untilMs - hourMs,
    untilMs,
    ...(groupBy !== null && { groupBy }),
    ...(stepSeconds !== undefined && { stepSeconds }),
    ...(quantiles !== undefined && { quantiles }),
  };
}

function seriesObject({
  sinceMs,
  untilMs,
  stepSeconds,
  isTruncated,
  series,
  ...rest
}: SeriesAnswer) {
  return {
    apiVersion,
    kind: "MetricSeriesSet",
    ...rest,
    since: new Date(sinceMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    ...(stepSeconds !== undefined && { step: `${stepSeconds}s` }),
    truncated: isTruncated,
    series: series.map(({ labels, points }) => ({
      labels,
      points: points.map(({ timeMs, value }) => ({ time: new Date(timeMs).toISOString(), value })),
    })),
  };
}

function readMs(query: URLSearchParams, name: string): number | undefined {
  const time = readTime(query, name);
  return time === undefined ? undefined : Number(time / 1_000_000n);
}

function readStep(query: URLSearchParams): number | undefined {
  const text = query.get("step");
  if (text === null) return undefined;
  const parts = /^(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s)?$/.exec(text);
  const [hours = 0, minutes = 0, seconds = 0] = (parts?.slice(1) ?? []).map((one) =>
    Number(one ?? 0),
  );
  const step = hours * 3_600 + minutes * 60 + seconds;
  if (parts !== null && step > 0) return step;
  throw malformed("step", "is no duration of whole seconds, such as 60s or 1h");
}

function readQuantiles(query: URLSearchParams): number[] | undefined {
  const texts = query.getAll("quantiles").flatMap((text) => text.split(","));
  if (texts.length === 0) return undefined;
  const values = [...new Set(texts.map((text) => (/^0?\.\d{1,6}$/.test(text) ? Number(text) : 0)))];
  if (values.length <= mostQuantiles && values.every((value) => value > 0)) return values;
  throw malformed("quantiles", `is no list of at most ${mostQuantiles} numbers between 0 and 1`);
}
