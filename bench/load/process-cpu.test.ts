/** Unit tests of CPU accounting: on a made-up /proc for the arithmetic, on the real one for the units. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import t from "tap";
import { cpuBetween, sampleCpu } from "./process-cpu.ts";

interface FakeProcess {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: readonly [number, number, number, number];
  readonly threads: readonly number[];
}

function writeProc(directory: string, processes: readonly FakeProcess[]) {
  for (const { pid, parent, ticks, threads } of processes) {
    for (const [index, nanoseconds] of threads.entries()) {
      mkdirSync(`${directory}/${pid}/task/${pid + index}`, { recursive: true });
      writeFileSync(`${directory}/${pid}/task/${pid + index}/schedstat`, `${nanoseconds} 5 6\n`);
    }
    const stat = `${pid} (a ) R (b) S ${parent} 1 1 0 -1 4194304 1 2 3 4 ${ticks.join(" ")} 20 0 1`;
    writeFileSync(`${directory}/${pid}/stat`, stat);
  }
}

t.test("sampleCpu() adds threads and descendants and leaves out excepted trees", async (t) => {
  const proc = t.testdir({ self: {} });
  writeProc(proc, [
    { pid: 10, parent: 1, ticks: [1, 2, 3, 4], threads: [1_000_000, 2_000_000] },
    { pid: 20, parent: 10, ticks: [10, 0, 0, 0], threads: [4_000_000] },
    { pid: 30, parent: 20, ticks: [0, 10, 0, 0], threads: [8_000_000] },
    { pid: 40, parent: 10, ticks: [500, 0, 0, 0], threads: [16_000_000] },
    { pid: 50, parent: 40, ticks: [500, 0, 0, 0], threads: [16_000_000] },
    { pid: 60, parent: 1, ticks: [900, 0, 0, 0], threads: [32_000_000] },
  ]);
  t.same(sampleCpu(10, { proc, except: [40] }), { threadMicros: 15_000, tickMicros: 300_000 });
  t.same(sampleCpu(40, { proc }), { threadMicros: 32_000, tickMicros: 10_000_000 });
});

t.test("sampleCpu() throws when the process has ended", async (t) => {
  const proc = t.testdir({});
  t.throws(() => sampleCpu(7, { proc }), new Error("Cannot sample CPU of process 7: it has ended"));
});

t.test("cpuBetween() prefers nanoseconds and falls back to ticks when threads ended", async (t) => {
  const before = { threadMicros: 100, tickMicros: 0 };
  t.equal(cpuBetween(before, { threadMicros: 5_100, tickMicros: 10_000 }), 5_000);
  t.equal(cpuBetween(before, { threadMicros: 50, tickMicros: 500_000 }), 480_000);
  t.equal(cpuBetween(before, { threadMicros: 50, tickMicros: 10_000 }), 0);
});

t.test("sampleCpu() agrees with the kernel's own account of a busy child", async (t) => {
  const program =
    "const end = process.cpuUsage().user + 100_000;" +
    "while (process.cpuUsage().user < end);" +
    "console.log(JSON.stringify(process.cpuUsage())); setInterval(() => {}, 1000)";
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  const usage = JSON.parse(String(line));
  const micros = cpuBetween({ threadMicros: 0, tickMicros: 0 }, sampleCpu(child.pid ?? 0));
  const reported = usage.user + usage.system;
  t.ok(Math.abs(micros - reported) < 40_000, `${micros} against ${reported}`);
});
