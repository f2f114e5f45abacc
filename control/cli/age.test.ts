import t from "tap";
import { ageSince, describeAge, formatAge } from "./age.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

for (const { name, ageMs, cell, words } of [
  { name: "nothing", ageMs: 0, cell: "0s", words: "0 s" },
  { name: "a part of a second", ageMs: 999, cell: "0s", words: "0 s" },
  { name: "seconds", ageMs: 12_500, cell: "12s", words: "12 s" },
  { name: "almost two minutes", ageMs: 2 * minute - 1, cell: "119s", words: "119 s" },
  { name: "minutes", ageMs: 6 * minute, cell: "6m", words: "6 min" },
  { name: "almost two hours", ageMs: 2 * hour - 1, cell: "119m", words: "119 min" },
  { name: "hours", ageMs: 3 * hour, cell: "3h", words: "3 h" },
  { name: "days", ageMs: 5 * day + hour, cell: "5d", words: "5 days" },
  { name: "a time to come", ageMs: -5_000, cell: "0s", words: "0 s" },
]) {
  t.test(`formatAge() and describeAge() tell ${name}`, (t) => {
    t.equal(formatAge(ageMs), cell);
    t.equal(describeAge(ageMs), words);
    t.end();
  });
}

t.test("ageSince() reads ISO 8601 and nothing else", (t) => {
  t.equal(ageSince("2026-11-24T00:00:00.000Z", Date.UTC(2026, 10, 24, 0, 1)), minute);
  t.equal(ageSince("", 0), undefined);
  t.equal(ageSince("yesterday", 0), undefined);
  t.end();
});
