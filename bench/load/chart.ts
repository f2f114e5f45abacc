/**
 * The benchmark as an SVG for a README, written by hand: a panel a case, left CPU per request,
 * right latency. It has no background and takes its colours from the reader's light or dark scheme.
 */
import { formatCount, formatFigure, formatSpread } from "./figures.ts";
import type { BenchResults, CaseResult } from "./results.ts";

const width = 840;
const margin = 16;
const rowHeight = 34;
const panelGap = 22;
const titleHeight = 66;
const columnHeadHeight = 20;
const nameWidth = 96;
const plotWidth = 180;
// Room right of a bar for its figures: "10,547 (10,200–11,640)".
const labelWidth = 168;
const rightColumn = margin + nameWidth + plotWidth + labelWidth + 12;
const rightPlotWidth = 200;

// Both palettes keep 4.5:1 for text and 3:1 for bars against GitHub's white and near-black.
const style = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .case { font-size: 13px; font-weight: 600 }
  .dim { fill: #59636e }
  .server { fill: #8250df }
  .envoy { fill: #0969da }
  .latency { fill: #1a7f37 }
  .spread { stroke: #1f2328; stroke-width: 1.5 }
  .axis { stroke: #818b98; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .dim { fill: #9198a1 }
    .server { fill: #ab7df8 }
    .envoy { fill: #4493f8 }
    .latency { fill: #3fb950 }
    .spread { stroke: #f0f6fc }
    .axis { stroke: #656c76 }
  }
`;

/** What the chart says besides its figures. */
export interface ChartTexts {
  /** One-line description by case */
  readonly titles: ReadonlyMap<string, string>;
  /** For those who cannot see it */
  readonly subject: string;
}

/** The chart as an SVG document with a trailing newline. */
export function drawChart(results: BenchResults, { subject, titles }: ChartTexts): string {
  const caseNames = [...new Set(results.cases.map((result) => result.case))];
  const body: string[] = [];
  let y = margin + titleHeight;
  for (const name of caseNames) {
    const rows = results.cases.filter((result) => result.case === name);
    body.push(...drawPanel(`${name}: ${titles.get(name) ?? ""}`, rows, y));
    y += panelHeight(rows.length) + panelGap;
  }
  const { machine } = results;
  const rounds = Math.max(0, ...results.cases.map((result) => result.rounds));
  const where = `${machine.cpus} CPUs (${machine.cpuModel}) shared with the load client; median of ${rounds} rounds, line: min–max`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" role="img" aria-labelledby="chart-title">`,
    `<title id="chart-title">${escapeXml(subject)}</title>`,
    `<style>${style}</style>`,
    text([margin, margin + 14], "CPU time and latency per request (shorter is better)", "title"),
    text([margin, margin + 34], where, "dim"),
    ...drawLegend(margin + 50),
    ...body,
    "</svg>",
  ].join("\n")}\n`;
}

function drawLegend(y: number): string[] {
  const entries = [
    { x: margin, kind: "envoy", label: "Envoy" },
    { x: margin + 80, kind: "server", label: "gateway or peer process" },
    { x: rightColumn, kind: "latency", label: "latency p50, line to p99" },
  ];
  return entries.flatMap(({ x, kind, label }) => {
    return [rect({ x, y: y - 9, width: 10, height: 10, kind }), text([x + 15, y], label, "dim")];
  });
}

function panelHeight(rows: number): number {
  return columnHeadHeight * 2 + rows * rowHeight;
}

function drawPanel(title: string, rows: readonly CaseResult[], top: number): string[] {
  const cpuScale = plotWidth / Math.max(...rows.map((row) => row.spread.total[1]), 1e-9);
  const latencyScale = rightPlotWidth / Math.max(...rows.map((row) => row.p99Ms), 1e-9);
  const left = margin + nameWidth;
  const rowsTop = top + columnHeadHeight * 2;
  const bottom = top + panelHeight(rows.length) - 6;
  return [
    text([margin, top + 14], title, "case"),
    text([left, top + 33], "CPU µs per request (min–max)", "dim"),
    text([rightColumn, top + 33], "latency ms, p50 / p99", "dim"),
    line({ x1: left, y1: rowsTop, x2: left, y2: bottom, kind: "axis" }),
    line({ x1: rightColumn, y1: rowsTop, x2: rightColumn, y2: bottom, kind: "axis" }),
    ...rows.flatMap((row, index) => {
      const y = rowsTop + index * rowHeight;
      return [...drawCpu(row, y, cpuScale), ...drawLatency(row, y, latencyScale)];
    }),
  ];
}

function drawCpu(row: CaseResult, y: number, scale: number): string[] {
  const left = margin + nameWidth;
  const envoy = (row.cpuMicrosPerRequest.envoy ?? 0) * scale;
  const server = (row.cpuMicrosPerRequest.server ?? 0) * scale;
  const [min, max] = row.spread.total;
  const end = left + Math.max(max * scale, envoy + server) + 8;
  const middle = y + 11;
  const figure = formatFigure(row.cpuMicrosPerRequest.total);
  return [
    text([margin, y + 15], row.contender, ""),
    ...(envoy > 0 ? [rect({ x: left, y: y + 2, width: envoy, height: 18, kind: "envoy" })] : []),
    ...(server > 0
      ? [rect({ x: left + envoy, y: y + 2, width: server, height: 18, kind: "server" })]
      : []),
    ...drawSpread(left + min * scale, left + max * scale, middle),
    text([end, y + 15], `${figure} (${formatSpread([min, max])})`, ""),
  ];
}

function drawLatency(row: CaseResult, y: number, scale: number): string[] {
  const p50 = row.p50Ms * scale;
  const p99 = row.p99Ms * scale;
  const label = `${formatFigure(row.p50Ms)} / ${formatFigure(row.p99Ms)}`;
  const failed = row.failed === 0 ? "" : `, ${formatCount(row.failed)} failed`;
  return [
    rect({ x: rightColumn, y: y + 2, width: p50, height: 18, kind: "latency" }),
    ...drawSpread(rightColumn + p50, rightColumn + p99, y + 11),
    text([rightColumn + Math.max(p50, p99) + 8, y + 15], `${label}${failed}`, ""),
  ];
}

function drawSpread(from: number, to: number, y: number): string[] {
  const kind = "spread";
  return [
    line({ x1: from, y1: y, x2: to, y2: y, kind }),
    line({ x1: to, y1: y - 4, x2: to, y2: y + 4, kind }),
  ];
}

type Point = readonly [x: number, y: number];

interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly kind: string;
}

function rect({ x, y, width: w, height, kind }: Rect): string {
  return `<rect class="${kind}" x="${px(x)}" y="${px(y)}" width="${px(w)}" height="${px(height)}"/>`;
}

interface Line {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly kind: string;
}

function line({ x1, y1, x2, y2, kind }: Line): string {
  return `<line class="${kind}" x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}"/>`;
}

function text([x, y]: Point, content: string, kind: string): string {
  const attribute = kind === "" ? "" : ` class="${kind}"`;
  return `<text${attribute} x="${px(x)}" y="${px(y)}">${escapeXml(content)}</text>`;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

const entities: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
]);

function escapeXml(content: string): string {
  return content.replace(/[&<>"]/g, (character) => entities.get(character) ?? character);
}
