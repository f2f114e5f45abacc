/** Telemetry in words for people: one line in `clrk dev`, a few in `clrk status`. What came from outside is escaped. */
import type { TelemetryLoss, TelemetryReport } from "../telemetry/telemetry-report.ts";
import { ageSince, describeAge, describeTimes } from "./age.ts";
import { escapeControls } from "./colour.ts";
import type { Palette } from "./colour.ts";
import { shortenPath } from "./problem-line.ts";

/** For whom the words are. */
export interface TelemetryLinesContext {
  readonly workingDirectory: string;
  readonly palette: Palette;
}

/** The line of `clrk dev`: where agents send theirs and where it lies, or why nothing is kept. */
export function describeTelemetry(
  report: TelemetryReport,
  { workingDirectory, palette }: TelemetryLinesContext,
): string {
  const { state, problem, store, otlp } = report;
  const title = "Telemetry".padEnd(14);
  if (state === "off") return `${title} off: nothing is kept`;
  if (problem !== null) return `${title} ${palette.yellow(escapeControls(problem))}`;
  const place = placeOf(store, workingDirectory).map((said) => `kept in ${said}`);
  return `${title} ${[...doorOf(otlp), ...place].join(" · ")}`;
}

/** The facts of the live screen; empty where there is nothing to say. */
export function telemetryFacts({ state, store, otlp, waiting }: TelemetryReport): string[] {
  if (state === "off") return ["telemetry off"];
  if (state === "opening") return ["telemetry is being opened"];
  const { rows, diskBytes, memoryBytes, memoryCapBytes } = store;
  return [
    ...doorOf(otlp),
    ...(rows === null ? [] : [`${count(rows)} kept`]),
    ...(diskBytes === null ? [] : [`${size(diskBytes)} of ${size(store.maxBytes)}`]),
    ...(memoryBytes === null || memoryCapBytes === null
      ? []
      : [`memory ${size(memoryBytes)} of ${size(memoryCapBytes)}`]),
    ...(waiting.records === 0 ? [] : [`${count(waiting.records)} waiting`]),
  ];
}

/** The lines of `clrk status`, without their title. */
export function telemetryLines(
  report: TelemetryReport,
  { nowMs, workingDirectory }: { readonly nowMs: number; readonly workingDirectory: string },
): string[] {
  const { state, problem, store, otlp, forwarded, waiting, dropped } = report;
  if (state === "off") return ["off: nothing is kept"];
  const { rows, diskBytes, oldest, memoryBytes, memoryCapBytes, since, restarts } = store;
  const oldestMs = oldest === null ? undefined : ageSince(oldest, nowMs);
  const upMs = since === null ? undefined : ageSince(since, nowMs);
  const kept = [
    ...(rows === null ? [] : [`${count(rows)} rows`]),
    ...(oldestMs === undefined ? [] : [`oldest ${describeAge(oldestMs)} ago`]),
    ...(diskBytes === null ? [] : [`${size(diskBytes)} of ${size(store.maxBytes)} on disk`]),
  ];
  const process = [
    ...(store.pid === null ? [] : [`process ${store.pid}`]),
    ...(upMs === undefined ? [] : [`up ${describeAge(upMs)}`]),
    ...(memoryBytes === null || memoryCapBytes === null
      ? []
      : [`memory ${size(memoryBytes)} of ${size(memoryCapBytes)}`]),
    ...(restarts === 0 ? [] : [`started again ${describeTimes(restarts)}`]),
  ];
  return [
    [state, ...kept].join(", "),
    ...placeOf(store, workingDirectory),
    ...(process.length === 0 ? [] : [process.join(", ")]),
    ...(otlp === null
      ? []
      : [
          `OTLP${otlp.address === null ? "" : ` at http://${otlp.address}`}, ${count(otlp.takenRows)} rows taken`,
        ]),
    ...forwardLines(forwarded),
    ...(waiting.bytes === 0
      ? []
      : [`${count(waiting.records)} records wait to be stored (${size(waiting.bytes)})`]),
    ...(dropped.length === 0 ? [] : [`lost: ${dropped.map(describeLoss).join(", ")}`]),
    ...(problem === null ? [] : [escapeControls(problem)]),
  ];
}

/** Nothing where no telemetry of an agent is for a receiver of its gateway; a process of before says nothing of it. */
function forwardLines(forwarded: TelemetryReport["forwarded"] | undefined): string[] {
  const { sent = 0, waiting = 0, failing = 0, problem = null } = forwarded ?? {};
  if (sent + waiting + failing === 0) return [];
  const parts = [
    `${count(sent)} items of agents sent to OTLP of gateways`,
    ...(waiting === 0 ? [] : [`${count(waiting)} wait`]),
    ...(failing === 0 ? [] : [failing === 1 ? "1 receiver fails" : `${failing} receivers fail`]),
  ];
  return [parts.join(", "), ...(problem === null ? [] : [escapeControls(problem)])];
}

/** Nothing for those who are not told. */
function placeOf({ place }: TelemetryReport["store"], workingDirectory: string): string[] {
  return place === null ? [] : [escapeControls(shortenPath(place, workingDirectory))];
}

function doorOf(otlp: TelemetryReport["otlp"]): string[] {
  return otlp === null || otlp.address === null ? [] : [`OTLP http://${otlp.address}`];
}

function describeLoss({ reason, count: lost, unit }: TelemetryLoss): string {
  const much = unit === "bytes" ? size(lost) : `${count(lost)} ${unit}`;
  return `${much} ${escapeControls(reason)}`;
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}

/** Bytes in the largest unit of which there is one. */
function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  const text =
    power < 3 || value >= 100 ? String(Math.round(value)) : String(Number(value.toFixed(1)));
  return `${text} ${units[power]}`;
}
