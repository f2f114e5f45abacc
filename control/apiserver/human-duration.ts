/** Ages as kubectl's users know them: kubectl prints date cells of a table as the server sends them. */

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** `5s`, `3m20s`, `2h5m`, `3d4h`: the rules of Kubernetes' duration.HumanDuration. A clock that is behind gives `0s`. */
export function formatHumanDuration(ms: number): string {
  const seconds = Math.trunc(ms / secondMs);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(ms / minuteMs);
  if (minutes < 10) return join(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(ms / hourMs);
  if (hours < 8) return join(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return join(days, "d", hours % 24, "h");
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return hours < 24 * 365 * 8 ? join(years, "y", days % 365, "d") : `${years}y`;
}

/** The age of an RFC 3339 time; `<unknown>` for what is none. */
export function formatAgeOf(time: unknown, nowMs: number): string {
  const startMs = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(startMs) ? "<unknown>" : formatHumanDuration(nowMs - startMs);
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
