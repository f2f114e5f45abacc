/** Tests of ages, with the values of Kubernetes' own table. */
import t from "tap";
import { formatAgeOf, formatHumanDuration } from "./human-duration.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

t.test("formatHumanDuration() rounds as kubectl's users know it", async (t) => {
  const cases: [number, string][] = [
    [-3 * second, "<invalid>"],
    [-second, "0s"],
    [0, "0s"],
    [1_900, "1s"],
    [119 * second, "119s"],
    [2 * minute, "2m"],
    [2 * minute + 5 * second, "2m5s"],
    [9 * minute + 59 * second, "9m59s"],
    [10 * minute + 59 * second, "10m"],
    [3 * hour - second, "179m"],
    [3 * hour, "3h"],
    [7 * hour + 59 * minute, "7h59m"],
    [8 * hour + 59 * minute, "8h"],
    [47 * hour, "47h"],
    [48 * hour, "2d"],
    [50 * hour, "2d2h"],
    [8 * day - second, "7d23h"],
    [8 * day, "8d"],
    [2 * year - second, "729d"],
    [2 * year, "2y"],
    [2 * year + 3 * day, "2y3d"],
    [8 * year + 3 * day, "8y"],
  ];
  for (const [ms, text] of cases) t.equal(formatHumanDuration(ms), text, String(ms));
});

t.test("formatAgeOf() reads a time, and says when it is none", async (t) => {
  const now = Date.parse("2026-01-01T00:01:00Z");
  t.equal(formatAgeOf("2026-01-01T00:00:00Z", now), "60s");
  for (const time of [undefined, null, "soon", 7]) t.equal(formatAgeOf(time, now), "<unknown>");
});
