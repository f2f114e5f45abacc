/**
 * Go duration text, the form of every duration in Kubernetes objects, to milliseconds and back.
 * Resolution 1 µs; https://pkg.go.dev/time#ParseDuration.
 */
import { expectValid, invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";

const microsecondsPerUnit = new Map([
  ["h", 3_600_000_000],
  ["m", 60_000_000],
  ["s", 1_000_000],
  ["ms", 1000],
  ["us", 1],
  ["µs", 1],
  ["μs", 1],
]);

const component = /(\d+(?:\.\d*)?|\.\d+)([^\d.]*)/y;

/** Milliseconds (fractions down to 0.001) of text such as `1m40s`, `1.5h`, `300ms`, `-5s`, `0`. */
export function readDuration(text: string): Reading<number> {
  const negative = text.startsWith("-");
  const magnitude = text.replace(/^[-+]/, "");
  if (magnitude === "") return invalid("no number");
  if (magnitude === "0") return valid(0);
  let microseconds = 0;
  component.lastIndex = 0;
  for (let position = 0; position < magnitude.length; position = component.lastIndex) {
    const match = component.exec(magnitude);
    if (match === null)
      return invalid(`no number at position ${text.length - magnitude.length + position}`);
    const [, number = "", unit = ""] = match;
    const factor = microsecondsPerUnit.get(unit);
    if (factor === undefined) return invalid(describeUnit(number, unit));
    microseconds += Math.round(Number(number) * factor);
  }
  if (!Number.isSafeInteger(microseconds)) return invalid("longer than 285 years");
  return valid((negative ? -microseconds : microseconds) / 1000);
}

/** Milliseconds of a duration that was validated before; throws a RangeError on anything else. */
export function parseDuration(text: string): number {
  return expectValid(readDuration(text), "duration", text);
}

/**
 * The canonical text, as Go prints it: `1m40s`, `1h0m0s`, `1.5s`, `300ms`, `0s` (but `us`, where Go writes `µs`).
 * Fractions of a microsecond are rounded away.
 */
export function formatDuration(ms: number): string {
  const microseconds = Math.round(Math.abs(ms) * 1000);
  const sign = ms < 0 && microseconds > 0 ? "-" : "";
  if (microseconds === 0) return "0s";
  if (microseconds < 1000) return `${sign}${microseconds}us`;
  if (microseconds < 1_000_000) return `${sign}${microseconds / 1000}ms`;
  const hours = Math.floor(microseconds / 3_600_000_000);
  const minutes = Math.floor(microseconds / 60_000_000) % 60;
  const seconds = (microseconds % 60_000_000) / 1_000_000;
  const head = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : "";
  return `${sign}${head}${seconds}s`;
}

function describeUnit(number: string, unit: string): string {
  if (unit === "") return `no unit after ${number}; write ${number}s for seconds`;
  if (unit === "d") return 'no unit "d"; write hours';
  if (unit === "ns") return 'no unit "ns"; the finest is "us"';
  return `no unit ${JSON.stringify(unit)}; units are h, m, s, ms, us`;
}
