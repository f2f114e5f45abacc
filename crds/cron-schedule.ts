/**
 * Cron schedules: five fields (minute, hour, day of month, month, day of week), a name such as `@hourly`, or `@every`
 * and a duration; perhaps after `CRON_TZ=` and a time zone. The grammar of https://pkg.go.dev/github.com/robfig/cron/v3.
 */
import { readDuration } from "./duration.ts";
import { invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

/** When something is due. Sets of numbers are sorted; `star` tells that a field said nothing. */
export type CronSchedule =
  | { readonly kind: "every"; readonly ms: number }
  | {
      readonly kind: "times";
      /** IANA name; absent means that of whoever runs the schedule */
      readonly timeZone?: string;
      readonly minutes: CronField;
      readonly hours: CronField;
      readonly daysOfMonth: CronField;
      readonly months: CronField;
      /** 0 is Sunday */
      readonly daysOfWeek: CronField;
    };

/** The values of one field. */
export interface CronField {
  readonly values: readonly number[];
  /** Whether it was `*` or `?`: a day is then a matter of the other field of days alone */
  readonly star: boolean;
}

interface FieldRange {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const monthNames = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

const dayNames = "sun mon tue wed thu fri sat".split(" ");

const ranges = {
  minutes: { name: "minute", min: 0, max: 59 },
  hours: { name: "hour", min: 0, max: 23 },
  daysOfMonth: { name: "day of month", min: 1, max: 31 },
  months: { name: "month", min: 1, max: 12, names: monthNames },
  daysOfWeek: { name: "day of week", min: 0, max: 6, names: dayNames },
} as const satisfies Record<string, FieldRange>;

const named: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);

const zonePrefix = /^(?:CRON_)?TZ=(\S+)\s+/;

/** A schedule as it is written; at least one second apart. */
export const cronScheduleFormat: StringFormat = {
  name: "cron",
  wanted: 'a schedule such as "*/5 * * * *", "@daily" or "@every 90s"',
  pattern: schedulePattern(),
  read(text) {
    const reading = readCronSchedule(text);
    return reading.kind === "valid" ? valid(text) : reading;
  },
};

/** When a schedule is due, or what is wrong with its text. */
export function readCronSchedule(text: string): Reading<CronSchedule> {
  const zone = zonePrefix.exec(text);
  const rest = (zone === null ? text : text.slice(zone[0].length)).trim();
  if (rest.startsWith("@every")) return readEvery(rest.slice("@every".length), zone !== null);
  const times = rest.startsWith("@") ? named.get(rest) : rest;
  if (times === undefined) {
    return invalid(`no schedule "${rest}"; known are @every, ${[...named.keys()].join(", ")}`);
  }
  const timeZone = zone?.[1];
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    return invalid(`no time zone "${timeZone}"`);
  }
  return readTimes(times, timeZone);
}

function readEvery(text: string, hasZone: boolean): Reading<CronSchedule> {
  if (hasZone) return invalid("@every has no time zone");
  const duration = readDuration(text.trim());
  if (duration.kind === "invalid") return invalid(`@every: ${duration.detail}`);
  if (duration.value < 1000) return invalid("@every: it must be at least 1s");
  return valid({ kind: "every", ms: duration.value });
}

function readTimes(text: string, timeZone: string | undefined): Reading<CronSchedule> {
  const texts = text.split(/\s+/);
  const names = Object.keys(ranges);
  if (texts.length !== names.length) {
    const what = texts.length === 6 ? "; seconds are not known" : "";
    return invalid(`${texts.length} fields instead of ${names.length}${what}`);
  }
  const fields = new Map<string, CronField>();
  for (const [index, [name, range]] of Object.entries(ranges).entries()) {
    const field = readField(texts[index] ?? "", range);
    if (field.kind === "invalid") return invalid(`${range.name}: ${field.detail}`);
    fields.set(name, field.value);
  }
  const of = (name: keyof typeof ranges): CronField =>
    fields.get(name) ?? { values: [], star: false };
  return valid({
    kind: "times",
    ...(timeZone !== undefined && { timeZone }),
    minutes: of("minutes"),
    hours: of("hours"),
    daysOfMonth: of("daysOfMonth"),
    months: of("months"),
    daysOfWeek: of("daysOfWeek"),
  });
}

function readField(text: string, range: FieldRange): Reading<CronField> {
  const values = new Set<number>();
  let star = false;
  for (const part of text.split(",")) {
    const reading = readPart(part, range);
    if (reading.kind === "invalid") return reading;
    for (const value of reading.value) values.add(value);
    star ||= /^[*?](?:\/1)?$/.test(part);
  }
  return valid({ values: [...values].toSorted((left, right) => left - right), star });
}

function readPart(text: string, range: FieldRange): Reading<number[]> {
  const [span = "", stepText, ...rest] = text.split("/");
  const step = stepText === undefined ? 1 : Number(stepText);
  if (rest.length > 0 || (stepText !== undefined && !/^[1-9]\d{0,2}$/.test(stepText))) {
    return invalid(`"${text}" has no step of at least 1`);
  }
  const ends = readEnds(span, range, stepText !== undefined);
  if (ends.kind === "invalid") return ends;
  const { low, high } = ends.value;
  const count = Math.floor((high - low) / step) + 1;
  return valid(Array.from({ length: count }, (_, index) => low + index * step));
}

function readEnds(
  span: string,
  range: FieldRange,
  hasStep: boolean,
): Reading<{ readonly low: number; readonly high: number }> {
  const { min, max } = range;
  if (span === "*" || span === "?") return valid({ low: min, high: max });
  const [lowText = "", highText, ...rest] = span.split("-");
  const low = readNumber(lowText, range);
  const high = highText === undefined ? (hasStep ? max : low) : readNumber(highText, range);
  if (low === undefined || high === undefined || rest.length > 0) {
    return invalid(`"${span}" is not within ${min} to ${max}`);
  }
  return low <= high ? valid({ low, high }) : invalid(`"${span}" runs backwards`);
}

function readNumber(text: string, { min, max, names = [] }: FieldRange): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named !== -1) return named + min;
  if (!/^\d{1,2}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    // A RangeError is how Intl says that it knows no such zone.
    return false;
  }
}

/** All of the grammar but which numbers are in order and which zones exist. */
function schedulePattern(): string {
  const number = {
    minutes: "[0-5]?[0-9]",
    hours: "(?:[01]?[0-9]|2[0-3])",
    daysOfMonth: "(?:0?[1-9]|[12][0-9]|3[01])",
    months: `(?:0?[1-9]|1[0-2]|(?i:${monthNames.join("|")}))`,
    daysOfWeek: `(?:0?[0-6]|(?i:${dayNames.join("|")}))`,
  };
  const fields = Object.values(number).map((one) => {
    const part = `(?:[*?]|${one}(?:-${one})?)(?:/[1-9][0-9]{0,2})?`;
    return `${part}(?:,${part})*`;
  });
  const times = `(?:${fields.join("\\s+")}|${[...named.keys()].join("|")})`;
  const every = "@every\\s*\\+?(?:(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:h|m|s|ms|us|µs|μs))+";
  return `^(?:(?:(?:CRON_)?TZ=\\S+\\s+)?\\s*${times}|\\s*${every})\\s*$`;
}
