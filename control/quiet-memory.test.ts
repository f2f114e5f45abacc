/** Tests of when memory is given back, and in a process of its own that it is. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";
import { ManualClock } from "../gateway/clock.ts";
import { processFlags } from "../gateway/process-flags.ts";
import { QuietMemory } from "./quiet-memory.ts";

const mebi = 1024 * 1024;

function setUp({ left = 20 * mebi } = {}) {
  const clock = new ManualClock();
  const now = { bytes: 20 * mebi, busy: 0, released: 0 };
  const quiet = new QuietMemory(clock, {
    heapBytes: () => now.bytes,
    busyShare: () => now.busy,
    release: () => {
      now.released++;
      now.bytes = left;
    },
  });
  quiet.start();
  return { clock, now, quiet };
}

t.test("what a quiet process made in passing is given back", async (t) => {
  const { clock, now } = setUp();
  now.bytes += 3 * mebi;
  clock.advance(60_000);
  t.equal(now.released, 0, "it is not worth it yet");
  now.bytes += mebi;
  clock.advance(60_000);
  t.equal(now.released, 1);
  clock.advance(600_000);
  t.equal(now.released, 1, "nothing new was made");
});

t.test("a busy process is left alone", async (t) => {
  const { clock, now } = setUp();
  now.bytes += 50 * mebi;
  now.busy = 0.05;
  clock.advance(180_000);
  t.equal(now.released, 0);
  now.busy = 0.01;
  clock.advance(60_000);
  t.equal(now.released, 1);
});

t.test("what is held is not collected again and again", async (t) => {
  const { clock, now } = setUp({ left: 40 * mebi });
  now.bytes = 45 * mebi;
  clock.advance(600_000);
  t.equal(now.released, 1);
});

t.test("close() ends it", async (t) => {
  const { clock, now, quiet } = setUp();
  quiet.close();
  now.bytes += 50 * mebi;
  clock.advance(600_000);
  t.equal(now.released, 0);
});

const flags = processFlags("control", process.versions.node);
const skip = !flags.includes("--expose-gc") && "only for the pinned Node";

t.test("a process of ours gives back what it holds no more", { skip }, async (t) => {
  const moduleOf = (name: string) => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));
  const script = `
    const { QuietMemory } = await import(${moduleOf("./quiet-memory.ts")});
    const { ManualClock } = await import(${moduleOf("../gateway/clock.ts")});
    const { getHeapStatistics } = await import("node:v8");
    const used = () => getHeapStatistics().used_heap_size / 1048576;
    const clock = new ManualClock();
    const quiet = new QuietMemory(clock);
    quiet.start();
    const before = used();
    let held = Array.from({ length: 300_000 }, (_, at) => ({ at }));
    const most = used();
    held = undefined;
    await new Promise((wake) => setTimeout(wake, 1_000));
    clock.advance(60_000);
    console.log(JSON.stringify({ made: most - before, left: used() - before }));`;
  const words = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script];
  const text = execFileSync(process.execPath, [...flags, ...words], { encoding: "utf8" });
  const { made, left } = JSON.parse(text);
  t.ok(made > 4, `${made} MiB were made`);
  t.ok(left < made / 2, `${left} MiB are left`);
});
