/** Moments as people give them: so long ago, or RFC 3339. */
import { dateTimeFormat } from "../../../crds/date-time.ts";
import { readDuration } from "../../../crds/duration.ts";

const wanted =
  'Wanted how long ago, such as "10m" or "24h", or a moment such as "2026-01-02T03:04:05Z"';

/** RFC 3339 of `10m` (so long before now) or of a moment, which is kept as it is written; throws a RangeError for others. */
export function parseMoment(text: string, nowMs: number): string {
  if (dateTimeFormat.read(text).kind === "valid") return text;
  const days = /^(\d{1,4})d$/.exec(text);
  const ago = readDuration(days === null ? text : `${Number(days[1]) * 24}h`);
  if (ago.kind !== "valid" || ago.value < 0) throw new RangeError(wanted);
  const date = new Date(nowMs - ago.value);
  if (Number.isNaN(date.getTime())) throw new RangeError(wanted);
  return date.toISOString();
}
