/** What a schedule asks for now: whether it is due, and when it is next. A pure function of what is stored and of the time. */
import type { CronSchedule } from "../../crds/cron-schedule.ts";
import { nextTime } from "./cron-times.ts";

/** Times that were missed, by a process that did not run or a clock that jumped, are caught up for this long in `ms`. */
export const catchUpMs = 10 * 60_000;

/** What is known of a schedule; all times in Unix `ms`. */
export interface ScheduleFacts {
  readonly schedule: CronSchedule;
  /** When it was to be due next, as it is stored; undefined when nobody has looked at it yet */
  readonly planned: number | undefined;
  /** When it was due last, as it is stored */
  readonly last: number | undefined;
  /** Whether the agent was changed since `planned` was stored */
  readonly isChanged: boolean;
  readonly now: number;
}

/** What is to be done. */
export interface SchedulePlan {
  /** It is due; of several times that were missed this is the newest */
  readonly due?: number;
  /** Times before that which nobody keeps any more */
  readonly missed: number;
  /** Absent for a schedule that is never due again */
  readonly next?: number;
}

/** The plan. Nothing is due at a schedule's first look, nor for a time that is not its own. */
export function planSchedule(facts: ScheduleFacts): SchedulePlan {
  const { planned, now } = facts;
  const isOwn = planned !== undefined && isTimeOf(facts, planned);
  if (!isOwn) return withNext({ missed: 0 }, firstTime(facts));
  if (planned > now) return { missed: 0, next: planned };
  return catchUp(facts, planned);
}

function isTimeOf({ schedule, isChanged }: ScheduleFacts, time: number): boolean {
  if (schedule.kind === "every") return !isChanged;
  return nextTime(schedule, time - 1) === time;
}

function firstTime({ schedule, last, now }: ScheduleFacts): number | undefined {
  const sinceLast = last === undefined ? 0 : (nextTime(schedule, last) ?? 0);
  if (schedule.kind === "every" && sinceLast > now) return sinceLast;
  // Stored times are whole seconds.
  return nextTime(schedule, schedule.kind === "every" ? Math.ceil(now / 1_000) * 1_000 : now);
}

function catchUp({ schedule, now }: ScheduleFacts, planned: number): SchedulePlan {
  let missed = 0;
  let due: number | undefined;
  let next: number | undefined = planned;
  const earliest = now - catchUpMs;
  if (planned < earliest) {
    missed = 1;
    next = firstFrom(schedule, planned, earliest);
  }
  while (next !== undefined && next <= now) {
    if (due !== undefined) missed++;
    due = next;
    next = nextTime(schedule, next);
  }
  return withNext({ missed, ...(due !== undefined && { due }) }, next);
}

function firstFrom(schedule: CronSchedule, planned: number, fromMs: number): number | undefined {
  if (schedule.kind === "times") return nextTime(schedule, fromMs - 1);
  return planned + Math.ceil((fromMs - planned) / schedule.ms) * schedule.ms;
}

function withNext(plan: Omit<SchedulePlan, "next">, next: number | undefined): SchedulePlan {
  return { ...plan, ...(next !== undefined && { next }) };
}
