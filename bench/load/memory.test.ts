/** Unit tests of reading memory and of its growth. */
import t from "tap";
import { growthPerMinute, parseRssMib, readRssMib } from "./memory.ts";

t.test("growthPerMinute() is the slope of the line that fits", async (t) => {
  const at = (atSeconds: number, rssMib: number) => ({ atSeconds, rssMib });
  t.equal(growthPerMinute([at(0, 100), at(30, 101), at(60, 102)]), 2);
  t.equal(growthPerMinute([at(0, 100), at(30, 130), at(60, 100)]), 0);
  t.ok(Math.abs(growthPerMinute([at(5, 50), at(10, 49)]) + 12) < 1e-9);
  t.equal(growthPerMinute([at(5, 50)]), 0);
  t.equal(growthPerMinute([at(5, 50), at(5, 70)]), 0);
  t.equal(growthPerMinute([]), 0);
});

t.test("parseRssMib() reads the resident set", async (t) => {
  t.equal(parseRssMib("Name:\tnode\nVmPeak:\t  9 kB\nVmRSS:\t    2048 kB\nThreads:\t1\n"), 2);
  for (const text of ["", "VmRSS: many kB\n", "XVmRSS:\t1 kB\n"]) {
    t.throws(() => parseRssMib(text), new Error("Cannot read memory: there is no VmRSS"));
  }
});

t.test("readRssMib() reads this process", async (t) => {
  const rss = readRssMib(process.pid);
  t.ok(rss > 10 && rss < 10_000, `${rss} MiB`);
  t.throws(() => readRssMib(2 ** 30), { code: "ENOENT" });
});
