/** Go durations to milliseconds and back. */
import t from "tap";
import { formatDuration, parseDuration, readDuration } from "./duration.ts";

for (const [text, ms, canonical] of [
  ["0", 0, "0s"],
  ["0s", 0, "0s"],
  ["100s", 100_000, "1m40s"],
  ["1m40s", 100_000, "1m40s"],
  ["5m", 300_000, "5m0s"],
  ["1h", 3_600_000, "1h0m0s"],
  ["1.5h", 5_400_000, "1h30m0s"],
  ["1h30m", 5_400_000, "1h30m0s"],
  [".5s", 500, "500ms"],
  ["1.s", 1000, "1s"],
  ["1.1s", 1100, "1.1s"],
  ["0.3s", 300, "300ms"],
  ["300ms", 300, "300ms"],
  ["1500us", 1.5, "1.5ms"],
  ["7us", 0.007, "7us"],
  ["7µs", 0.007, "7us"],
  ["7μs", 0.007, "7us"],
  ["1m1s1ms1us", 61_001.001, "1m1.001001s"],
  ["+3s", 3000, "3s"],
  ["-5s", -5000, "-5s"],
  ["-0.5ms", -0.5, "-500us"],
  ["1s1s", 2000, "2s"],
  ["24h", 86_400_000, "24h0m0s"],
  ["2000000h", 7_200_000_000_000, "2000000h0m0s"],
] as const) {
  t.test(`readDuration() reads ${text}, and formatDuration() writes ${canonical}`, (t) => {
    t.strictSame(readDuration(text), { kind: "valid", value: ms });
    t.equal(formatDuration(ms), canonical);
    t.equal(parseDuration(canonical), ms);
    t.end();
  });
}

for (const [text, detail] of [
  ["", "no number"],
  ["-", "no number"],
  ["+", "no number"],
  ["s", "no number at position 0"],
  ["5", "no unit after 5; write 5s for seconds"],
  ["-5", "no unit after 5; write 5s for seconds"],
  ["1.5", "no unit after 1.5; write 1.5s for seconds"],
  ["1h5", "no unit after 5; write 5s for seconds"],
  ["1d", 'no unit "d"; write hours'],
  ["5ns", 'no unit "ns"; the finest is "us"'],
  ["5S", 'no unit "S"; units are h, m, s, ms, us'],
  ["5 s", 'no unit " s"; units are h, m, s, ms, us'],
  [" 5s", "no number at position 0"],
  ["5s ", 'no unit "s "; units are h, m, s, ms, us'],
  ["1.2.3s", "no unit after 1.2; write 1.2s for seconds"],
  [".s", "no number at position 0"],
  ["--5s", "no number at position 1"],
  ["1e3s", 'no unit "e"; units are h, m, s, ms, us'],
  ["0x1s", 'no unit "x"; units are h, m, s, ms, us'],
  ["٣s", "no number at position 0"],
  ["9999999h", "longer than 285 years"],
  ["99999999999999999999s", "longer than 285 years"],
] as const) {
  t.test(`readDuration() refuses "${text}"`, (t) => {
    t.strictSame(readDuration(text), { kind: "invalid", detail });
    t.end();
  });
}

t.test("parseDuration() throws on what was never validated", (t) => {
  t.throws(
    () => parseDuration("soon"),
    new RangeError('Cannot parse duration "soon": no number at position 0'),
  );
  t.end();
});

t.test(
  "formatDuration() gives back what readDuration() reads, for any number of microseconds",
  (t) => {
    let microseconds = 1;
    for (let round = 0; round < 200; round++) {
      microseconds = (microseconds * 48_271) % 2_147_483_647;
      const ms = (microseconds * (round % 2 === 0 ? 1 : 1000)) / 1000;
      const text = formatDuration(ms);
      if (parseDuration(text) !== ms) t.fail(`${ms} became ${text}`);
    }
    t.end();
  },
);

t.test("formatDuration() rounds away what is finer than a microsecond", (t) => {
  t.equal(formatDuration(0.0001), "0s");
  t.equal(formatDuration(-0.0001), "0s");
  t.equal(formatDuration(59_999.999_9), "1m0s");
  t.end();
});
