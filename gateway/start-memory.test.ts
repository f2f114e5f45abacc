/** Tests when the start of a thread is over, and what is done then, in a process of its own where V8 is changed. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "./clock.ts";
import { processFlags } from "./process-flags.ts";
import { StartMemory } from "./start-memory.ts";

function startMemory(_test: Test) {
  const clock = new ManualClock();
  const done: string[] = [];
  const actions = { release: () => done.push("release"), compile: () => done.push("compile") };
  return { clock, done, start: new StartMemory(clock, actions) };
}

t.test("settle() gives memory back twice, a while later", async (test) => {
  const { clock, done, start } = startMemory(test);
  start.settle();
  start.settle();
  clock.advance(1_999);
  test.same(done, []);
  clock.advance(1);
  test.same(done, ["release"]);
  start.settle();
  clock.advance(12_999);
  test.same(done, ["release"]);
  clock.advance(1);
  test.same(done, ["release", "release"]);
  clock.advance(100_000);
  test.same(done.length, 2);
});

t.test("work() between the two ends the start", async (test) => {
  const { clock, done, start } = startMemory(test);
  start.settle();
  clock.advance(2_000);
  start.work();
  clock.advance(100_000);
  test.same(done, ["release", "compile"]);
});

t.test("work() ends the start, and nothing stands still any more", async (test) => {
  const { clock, done, start } = startMemory(test);
  start.settle();
  start.work();
  start.work();
  start.settle();
  clock.advance(10_000);
  test.same(done, ["compile"]);
});

/** Runs a script that imports this module as `memory`, with the flags of a gateway; gives what it prints as JSON. */
function runWithFlags(script: string, flags: readonly string[]): unknown {
  const module = fileURLToPath(new URL("./start-memory.ts", import.meta.url));
  const text = `const memory = await import(${JSON.stringify(module)});
    const v8 = await import("node:v8");
    const spaces = (match) => v8.getHeapSpaceStatistics()
      .filter(({ space_name: name }) => match.test(name))
      .reduce((sum, { space_used_size: size }) => sum + size, 0);
    ${script}`;
  const words = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", text];
  return JSON.parse(execFileSync(process.execPath, [...flags, ...words], { encoding: "utf8" }));
}

const flags = processFlags("gateway", process.versions.node);
const skip = flags.length === 0 && "only for the pinned Node";

t.test("releaseStartMemory() collects what nobody holds", { skip }, async (test) => {
  const script = `
    globalThis.held = Array.from({ length: 200_000 }, (_, at) => ({ at }));
    const before = spaces(/./);
    globalThis.held = undefined;
    memory.releaseStartMemory();
    console.log(JSON.stringify({ before, after: spaces(/./) }));`;
  const { before, after } = Object(runWithFlags(script, flags));
  test.ok(before - after > 4_000_000, `${before} to ${after} bytes`);
  const { before: kept, after: still } = Object(runWithFlags(script, []));
  test.ok(still > kept - 1_000_000, "it does nothing without the flags");
});

t.test("compileAsUsual() lets V8 compile what runs often", { skip }, async (test) => {
  const script = `
    const run = (name) => {
      const functions = Array.from({ length: 200 }, (_, at) =>
        new Function("a", "let " + name + at + " = 0, s = 0; for (let i = 0; i < 50; i++) s += (a * i) % 7; return s"));
      for (let i = 0; i < 1_000; i++) for (const one of functions) one(i);
      return spaces(/^code/);
    };
    const before = run("first");
    memory.compileAsUsual();
    console.log(JSON.stringify({ before, after: run("then") }));`;
  const { before, after } = Object(runWithFlags(script, flags));
  test.ok(after > before + 20_000, `${before} to ${after} bytes of code`);
});
