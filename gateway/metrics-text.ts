/**
 * Metrics as text, in either of the forms that collectors read: OpenMetrics 1.0
 * (https://prometheus.io/docs/specs/om/open_metrics_spec/) and the text format 0.0.4 of Prometheus.
 */
import type { HistogramSample, MetricFamily, MetricLabels } from "./metric-family.ts";

/** Form of the text. */
export type MetricsForm = "openmetrics" | "prometheus";

/** Media types of both forms. */
export const METRICS_MEDIA_TYPE: Readonly<Record<MetricsForm, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/** The form that a collector asks for by its `Accept`: OpenMetrics only where it is named. */
export function chooseMetricsForm(accept: string | undefined): MetricsForm {
  return /\bapplication\/openmetrics-text\b/i.test(accept ?? "") ? "openmetrics" : "prometheus";
}

/** Body and media type for a collector, in the form that its `Accept` asks for. */
export function answerMetrics(
  families: readonly MetricFamily[],
  accept: string | undefined,
): { readonly contentType: string; readonly body: string } {
  const form = chooseMetricsForm(accept);
  return { contentType: METRICS_MEDIA_TYPE[form], body: encodeMetrics(families, form) };
}

/** The whole text, families in their order; one without samples keeps its head, so that it is known to be there. */
export function encodeMetrics(families: readonly MetricFamily[], form: MetricsForm): string {
  const texts = families.map((family) => encodeFamily(family, form));
  return `${texts.join("")}${form === "openmetrics" ? "# EOF\n" : ""}`;
}

function encodeFamily(family: MetricFamily, form: MetricsForm): string {
  const { name, help, unit } = family;
  const isOpen = form === "openmetrics";
  // The older form knows no info, and a counter by the name of its sample.
  const headName = isOpen || !(family.kind in suffixes) ? name : name + suffixOf(family);
  const type = isOpen || family.kind !== "info" ? family.kind : "gauge";
  const head = [
    `# TYPE ${headName} ${type}\n`,
    ...(isOpen && unit !== undefined ? [`# UNIT ${name} ${unit}\n`] : []),
    `# HELP ${headName} ${isOpen ? escapeText(help) : escapeHelp(help)}\n`,
  ].join("");
  if (family.kind === "histogram") {
    return head + family.samples.map((sample) => encodeHistogram(name, sample)).join("");
  }
  const sampleName = name + suffixOf(family);
  const lines = family.samples.map(({ labels, value }) => line(sampleName, labels, value));
  return head + lines.join("");
}

const suffixes: Readonly<Record<string, string>> = { counter: "_total", info: "_info" };

function suffixOf({ kind }: MetricFamily): string {
  return suffixes[kind] ?? "";
}

function encodeHistogram(name: string, { labels, value }: HistogramSample): string {
  const { bounds, counts, sum } = value;
  let total = 0;
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, index) => {
    total += counts[index] ?? 0;
    return line(`${name}_bucket`, [...labels, ["le", encodeNumber(bound)]], total);
  });
  return `${buckets.join("")}${line(`${name}_count`, labels, total)}${line(`${name}_sum`, labels, sum)}`;
}

function line(name: string, labels: MetricLabels, value: number): string {
  const pairs = labels.map(([key, text]) => `${key}="${escapeText(text)}"`).join(",");
  return `${name}${pairs === "" ? "" : `{${pairs}}`} ${encodeNumber(value)}\n`;
}

function encodeNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}

/** A lone surrogate has no form in UTF-8. */
function escapeText(text: string): string {
  return escapeHelp(text.toWellFormed()).replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
