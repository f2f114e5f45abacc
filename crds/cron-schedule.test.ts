/** Schedules: what is read, when they are due, and what is none. */
import t from "tap";
import { cronScheduleFormat, readCronSchedule } from "./cron-schedule.ts";
import { testReads, testRefused } from "./testdata/format-cases.ts";

testReads(cronScheduleFormat, [
  "* * * * *",
  "*/5 * * * *",
  "0,30 8-18/2 1 jan,JUL mon-fri",
  "5/15 ? * * ?",
  "@hourly",
  "@every 1h30m",
  "TZ=UTC 0 6 * * *",
  "CRON_TZ=Europe/Berlin @daily",
]);

testRefused(cronScheduleFormat, [
  ["", "1 fields instead of 5"],
  ["* * * *", "4 fields instead of 5"],
  ["0 * * * * *", "6 fields instead of 5; seconds are not known"],
  ["60 * * * *", 'minute: "60" is not within 0 to 59'],
  ["* 24 * * *", 'hour: "24" is not within 0 to 23'],
  ["* * 0 * *", 'day of month: "0" is not within 1 to 31'],
  ["* * * 13 *", 'month: "13" is not within 1 to 12'],
  ["* * * * 7", 'day of week: "7" is not within 0 to 6'],
  ["* * * * tues", 'day of week: "tues" is not within 0 to 6'],
  ["*/0 * * * *", 'minute: "*/0" has no step of at least 1'],
  ["1/2/3 * * * *", 'minute: "1/2/3" has no step of at least 1'],
  ["9-5 * * * *", 'minute: "9-5" runs backwards'],
  ["1-2-3 * * * *", 'minute: "1-2-3" is not within 0 to 59'],
  ["1,,2 * * * *", 'minute: "" is not within 0 to 59'],
  [
    "@fortnightly",
    'no schedule "@fortnightly"; known are @every, @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly',
  ],
  ["@every", "@every: no number"],
  ["@every 5", "@every: no unit after 5; write 5s for seconds"],
  ["@every 10ms", "@every: it must be at least 1s"],
  ["TZ=UTC @every 1m", "@every has no time zone"],
  ["TZ=Mars/Base 0 6 * * *", 'no time zone "Mars/Base"'],
]);

t.test("readCronSchedule() gives the numbers of each field", (t) => {
  t.same(readCronSchedule("TZ=UTC 50/5 0-6/3 */10 feb,11 sun,3"), {
    kind: "valid",
    value: {
      kind: "times",
      timeZone: "UTC",
      minutes: { values: [50, 55], star: false },
      hours: { values: [0, 3, 6], star: false },
      daysOfMonth: { values: [1, 11, 21, 31], star: false },
      months: { values: [2, 11], star: false },
      daysOfWeek: { values: [0, 3], star: false },
    },
  });
  t.end();
});

t.test("readCronSchedule() tells which fields say nothing", (t) => {
  const reading = readCronSchedule("@weekly");
  const value = reading.kind === "valid" && reading.value.kind === "times" ? reading.value : null;
  t.same([value?.daysOfMonth.star, value?.daysOfWeek], [true, { values: [0], star: false }]);
  t.end();
});

t.test("readCronSchedule() gives the time between runs", (t) => {
  t.same(readCronSchedule("@every 1m30s"), { kind: "valid", value: { kind: "every", ms: 90_000 } });
  t.end();
});
