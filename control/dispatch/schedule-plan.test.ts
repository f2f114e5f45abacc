/** What a schedule asks for: first looks, being due, what was missed, changes. */
import t from "tap";
import { readCronSchedule } from "../../crds/cron-schedule.ts";
import type { SchedulePlan, ScheduleFacts } from "./schedule-plan.ts";
import { planSchedule } from "./schedule-plan.ts";

const at = (text: string) => Date.parse(`2026-01-01T${text}Z`);

function plan(
  text: string,
  now: string,
  facts: { planned?: string; last?: string; isChanged?: boolean } = {},
): SchedulePlan {
  const reading = readCronSchedule(text);
  if (reading.kind === "invalid") throw new Error(reading.detail);
  const given: ScheduleFacts = {
    schedule: reading.value,
    planned: facts.planned === undefined ? undefined : at(facts.planned),
    last: facts.last === undefined ? undefined : at(facts.last),
    isChanged: facts.isChanged ?? false,
    now: at(now),
  };
  return planSchedule(given);
}

t.test("a schedule that is new is not due, whatever was before it", (t) => {
  t.same(plan("*/5 * * * *", "10:02:00"), { missed: 0, next: at("10:05:00") });
  t.same(plan("@every 90s", "10:02:00.400"), { missed: 0, next: at("10:03:31") });
  t.same(plan("0 * * * *", "10:02:00", { planned: "10:01:00" }), {
    missed: 0,
    next: at("11:00:00"),
  });
  t.same(plan("0 0 30 2 *", "10:02:00"), { missed: 0 });
  t.end();
});

t.test("it is due at its time and not before, and what is due once is not due again", (t) => {
  const planned = { planned: "10:05:00" };
  t.same(plan("*/5 * * * *", "10:04:59", planned), { missed: 0, next: at("10:05:00") });
  t.same(plan("*/5 * * * *", "10:05:00", planned), {
    missed: 0,
    due: at("10:05:00"),
    next: at("10:10:00"),
  });
  t.same(plan("@every 90s", "10:05:10", planned), {
    missed: 0,
    due: at("10:05:00"),
    next: at("10:06:30"),
  });
  t.end();
});

t.test("of what was missed the newest is due, unless it is too old", (t) => {
  const planned = { planned: "10:05:00" };
  t.same(plan("*/5 * * * *", "10:13:00", planned), {
    missed: 1,
    due: at("10:10:00"),
    next: at("10:15:00"),
  });
  t.match(plan("* * * * *", "22:00:30", planned), { due: at("22:00:00"), next: at("22:01:00") });
  t.same(plan("5 10 * * *", "12:00:00", planned), { missed: 1, next: at("10:05:00") + 86_400_000 });
  t.same(plan("@every 1h", "12:00:00", planned), { missed: 1, next: at("12:05:00") });
  t.end();
});

t.test("another change of the agent moves no time of day, and begins an interval anew", (t) => {
  const changed = { planned: "10:05:00", isChanged: true };
  t.match(plan("*/5 * * * *", "10:05:01", changed), { due: at("10:05:00") });
  t.same(plan("@every 90s", "10:05:01", changed), { missed: 0, next: at("10:06:31") });
  t.same(plan("@every 1h", "10:05:01", { ...changed, last: "10:00:00" }), {
    missed: 0,
    next: at("11:00:00"),
  });
  t.end();
});
