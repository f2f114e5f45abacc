/** When schedules are due: fields, days, zones and their clock changes. */
import t from "tap";
import { readCronSchedule } from "../../crds/cron-schedule.ts";
import { nextTime } from "./cron-times.ts";

function after(text: string, from: string, count = 1): string[] {
  const reading = readCronSchedule(text);
  if (reading.kind === "invalid") throw new Error(reading.detail);
  const times: string[] = [];
  let ms: number | undefined = Date.parse(from);
  while (times.length < count) {
    ms = nextTime(reading.value, ms);
    if (ms === undefined) return [...times, "never"];
    times.push(new Date(ms).toISOString().slice(0, 16));
  }
  return times;
}

const rows: readonly [text: string, from: string, ...times: string[]][] = [
  ["* * * * *", "2026-01-01T00:00:30Z", "2026-01-01T00:01", "2026-01-01T00:02"],
  ["*/20 9-10 * * *", "2026-01-01T10:30:00Z", "2026-01-01T10:40", "2026-01-02T09:00"],
  ["0 0 1 * *", "2026-01-01T00:00:00Z", "2026-02-01T00:00", "2026-03-01T00:00"],
  ["@yearly", "2026-06-01T00:00:00Z", "2027-01-01T00:00"],
  ["0 0 29 2 *", "2097-01-01T00:00:00Z", "2104-02-29T00:00"],
  ["0 0 30 2 *", "2026-01-01T00:00:00Z", "never"],
  [
    "0 12 13 * 5",
    "2026-01-01T00:00:00Z",
    "2026-01-02T12:00",
    "2026-01-09T12:00",
    "2026-01-13T12:00",
  ],
  ["0 12 * * 1-5", "2026-01-02T12:00:00Z", "2026-01-05T12:00"],
  ["@every 90s", "2026-01-01T00:00:00Z", "2026-01-01T00:01", "2026-01-01T00:03"],
  ["CRON_TZ=Europe/Berlin 30 8 * * *", "2026-01-01T00:00:00Z", "2026-01-01T07:30"],
  ["CRON_TZ=Europe/Berlin 30 8 * * *", "2026-07-01T00:00:00Z", "2026-07-01T06:30"],
  ["CRON_TZ=Asia/Kathmandu 0 0 * * *", "2026-01-01T00:00:00Z", "2026-01-01T18:15"],
  // 02:30 is skipped on 2026-03-29, and comes twice on 2026-10-25.
  ["CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-30T00:30"],
  [
    "CRON_TZ=Europe/Berlin 30 2 * * *",
    "2026-10-24T12:00:00Z",
    "2026-10-25T00:30",
    "2026-10-26T01:30",
  ],
];

for (const [text, from, ...times] of rows) {
  t.test(`nextTime() of ${text} after ${from}`, (t) => {
    t.same(after(text, from, times.length), times);
    t.end();
  });
}

t.test("nextTime() is always later, and a time that the schedule names", (t) => {
  const zones = ["", "CRON_TZ=America/New_York ", "CRON_TZ=Australia/Lord_Howe "];
  let ms = Date.UTC(2026, 0, 1);
  for (let round = 0; round < 600; round++) {
    // A step that is no divisor of days meets all times of them.
    ms += 9_876_543_210 % (13 * 3_600_000 + round * 1_001);
    const zone = zones[round % zones.length] ?? "";
    const reading = readCronSchedule(`${zone}${round % 60} */3 * * *`);
    if (reading.kind === "invalid") throw new Error(reading.detail);
    const next = nextTime(reading.value, ms) ?? 0;
    t.ok(next > ms && next - ms <= 2 * 86_400_000);
    t.equal(next % 60_000, 0);
    t.equal(nextTime(reading.value, next - 1), next, "it is found again from just before");
  }
  t.end();
});
