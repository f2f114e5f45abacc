/**
 * A log record as lines of a terminal or a file. Invariant: nothing of what others wrote reaches it unescaped; a body of
 * several lines stays several lines, each with its source.
 */
import {
  COMPONENTS,
  DECISION_ATTRIBUTES,
  RESOURCE_ATTRIBUTES,
} from "../../../gateway/attributes.ts";
import { escapeControls } from "../colour.ts";
import type { Palette } from "../colour.ts";
import { displayWidth, padEndToWidth } from "../table.ts";
import { readAttributeTexts, valueText } from "./attribute-text.ts";
import type { TelemetryItem } from "./otlp-document.ts";
import { safeLine } from "./wrap-text.ts";

/** A log record for people. */
export interface LogLines {
  readonly lines: readonly string[];
  /** What the agent wrote to its standard error belongs on ours */
  readonly isStderr: boolean;
}

/** A name longer than this is not worth the columns of all lines after it. */
const mostSourceColumns = 32;
const SEVERITY_WARN = 13;
const SEVERITY_ERROR = 17;
const ioStreamKey = "log.iostream";

const shortComponents: ReadonlyMap<string, string> = new Map([
  [COMPONENTS.egress, "egress"],
  [COMPONENTS.ingress, "ingress"],
]);

/** Makes lines of records, one after the other: sources stand in a column as wide as the widest so far. */
export function createLogFormatter(palette: Palette): (item: TelemetryItem) => LogLines {
  let sourceColumns = 0;
  return ({ item, resource }) => {
    const values = new Map(readAttributeTexts(item).map(({ key, text }) => [key, text]));
    const resources = new Map(readAttributeTexts(resource).map(({ key, text }) => [key, text]));
    const component = resources.get(RESOURCE_ATTRIBUTES.component) ?? "";
    const ioStream = values.get(ioStreamKey) ?? "";
    const named = shortComponents.get(component) ?? component;
    const source = escapeControls(ioStream === "" ? named || "-" : `${named}[${ioStream}]`);
    sourceColumns = Math.max(sourceColumns, Math.min(mostSourceColumns, displayWidth(source)));
    const paint = painter(
      item["severityNumber"],
      values.get(DECISION_ATTRIBUTES.decision),
      palette,
    );
    const time = palette.dim(formatLocalTime(timeOf(item)));
    const head = `${time}  ${palette.dim(padEndToWidth(source, sourceColumns))}  `;
    const body = valueText(item["body"]).replace(/(?:\r?\n)+$/, "");
    return {
      lines: body.split(/\r?\n/).map((line) => `${head}${paint(safeLine(line))}`),
      isStderr: ioStream === "stderr",
    };
  };
}

/** Local time of Unix `ns`: `2026-01-02 03:04:05.678`. */
export function formatLocalTime(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n));
  const digits = (value: number, length: number) => String(value).padStart(length, "0");
  const day = `${digits(date.getFullYear(), 4)}-${digits(date.getMonth() + 1, 2)}-${digits(date.getDate(), 2)}`;
  const time = `${digits(date.getHours(), 2)}:${digits(date.getMinutes(), 2)}:${digits(date.getSeconds(), 2)}`;
  return `${day} ${time}.${digits(date.getMilliseconds(), 3)}`;
}

/** When it happened, or else when it was seen; protobuf's JSON form has 64-bit integers as text. */
function timeOf({ timeUnixNano, observedTimeUnixNano }: Readonly<Record<string, unknown>>): bigint {
  for (const value of [timeUnixNano, observedTimeUnixNano]) {
    const text = String(value ?? "0");
    if (/^\d{1,19}$/.test(text) && text !== "0") return BigInt(text);
  }
  return 0n;
}

function painter(severity: unknown, decision: string | undefined, palette: Palette) {
  const number = Number(severity ?? 0);
  if (decision === "deny" || number >= SEVERITY_ERROR) return palette.red;
  if (decision === "audit" || number >= SEVERITY_WARN) return palette.yellow;
  return (text: string) => text;
}
