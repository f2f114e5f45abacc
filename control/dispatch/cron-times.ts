/**
 * When a schedule is due next. Times are those of its zone, of UTC when it names none. A time that a clock change skips
 * is left out, and one that comes twice is kept once.
 */
import type { CronSchedule } from "../../crds/cron-schedule.ts";

type CronTimes = Extract<CronSchedule, { readonly kind: "times" }>;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** February 29 comes after eight years at the latest, and on each day of the week within forty. */
const horizonMs = 41 * 366 * dayMs;

/** The first time after `afterMs` (Unix `ms`) at which the schedule is due; undefined when it never is. */
export function nextTime(schedule: CronSchedule, afterMs: number): number | undefined {
  if (schedule.kind === "every") return afterMs + schedule.ms;
  const { timeZone } = schedule;
  if (timeZone === undefined) return nextLocal(schedule, afterMs, afterMs + horizonMs);
  const offsetAt = zoneOffset(timeZone);
  const startMs = afterMs + offsetAt(afterMs);
  let localMs: number | undefined = startMs;
  for (;;) {
    localMs = nextLocal(schedule, localMs, startMs + horizonMs);
    if (localMs === undefined) return undefined;
    const instant = instantsOf(localMs, offsetAt).find((one) => one > afterMs);
    if (instant !== undefined) return instant;
  }
}

/** The next time on a clock without changes, whose fields are those of UTC. */
function nextLocal(times: CronTimes, afterMs: number, untilMs: number): number | undefined {
  let ms = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs;
  while (ms <= untilMs) {
    const at = new Date(ms);
    if (!times.months.values.includes(at.getUTCMonth() + 1)) {
      ms = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
    } else if (!isDay(times, at)) {
      ms = Math.floor(ms / dayMs) * dayMs + dayMs;
    } else if (!times.hours.values.includes(at.getUTCHours())) {
      ms = Math.floor(ms / hourMs) * hourMs + hourMs;
    } else if (!times.minutes.values.includes(at.getUTCMinutes())) {
      ms += minuteMs;
    } else {
      return ms;
    }
  }
  return undefined;
}

/** Either field of days may say it where both do: so cron has always read them. */
function isDay({ daysOfMonth, daysOfWeek }: CronTimes, at: Date): boolean {
  const byMonth = daysOfMonth.values.includes(at.getUTCDate());
  const byWeek = daysOfWeek.values.includes(at.getUTCDay());
  return daysOfMonth.star || daysOfWeek.star ? byMonth && byWeek : byMonth || byWeek;
}

/** The instants at which clocks of a zone show a time: none, one or two, in order. */
function instantsOf(localMs: number, offsetAt: (ms: number) => number): readonly number[] {
  // No zone is further than a day from UTC, and none changes twice within two days.
  const offsets = new Set([offsetAt(localMs - dayMs), offsetAt(localMs + dayMs)]);
  return [...offsets]
    .map((offset) => localMs - offset)
    .filter((ms) => ms + offsetAt(ms) === localMs)
    .toSorted((a, b) => a - b);
}

function zoneOffset(timeZone: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" },
    ...{ hour: "numeric", minute: "numeric", second: "numeric", era: "short" },
  });
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const field = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const shownMs = Date.UTC(
      ...([field("year"), field("month") - 1, field("day")] as const),
      ...([field("hour"), field("minute"), field("second")] as const),
    );
    return shownMs - Math.floor(ms / 1_000) * 1_000;
  };
}
