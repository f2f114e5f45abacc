/** Spans of time for people: kubectl's short form for tables, words for sentences. */

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Returns a table cell such as `12s`, `6m`, `3h`, `5d`; `0s` for a time to come (clocks differ). */
export function formatAge(ageMs: number): string {
  const positiveMs = Math.max(0, ageMs);
  if (positiveMs < 2 * minuteMs) return `${Math.floor(positiveMs / secondMs)}s`;
  if (positiveMs < 2 * hourMs) return `${Math.floor(positiveMs / minuteMs)}m`;
  if (positiveMs < 2 * dayMs) return `${Math.floor(positiveMs / hourMs)}h`;
  return `${Math.floor(positiveMs / dayMs)}d`;
}

/** Returns the same for a sentence: `12 s`, `6 min`, `3 h`, `5 days`. */
export function describeAge(ageMs: number): string {
  const cell = formatAge(ageMs);
  const words: Record<string, string> = { s: "s", m: "min", h: "h", d: "days" };
  return `${cell.slice(0, -1)} ${words[cell.slice(-1)] ?? ""}`;
}

/** Returns the age of an ISO 8601 time, or undefined when it is none. */
export function ageSince(time: string, nowMs: number): number | undefined {
  const startMs = Date.parse(time);
  return Number.isNaN(startMs) ? undefined : nowMs - startMs;
}

/** How often something happened, in words: `once`, `3 times`. */
export function describeTimes(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
