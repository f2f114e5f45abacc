/** Tests of when a command is run: real programs, in a time of our own. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "../clock.ts";
import { eventually } from "../testdata/envoy-rig.ts";
import { CommandSource, hasSameValues } from "./command-source.ts";
import type { SourceOutcome } from "./source-outcome.ts";

const minuteMs = 60_000;

/** A command that prints a file, and what came of it. */
class Rig {
  readonly clock = new ManualClock();
  readonly outcomes: string[] = [];
  readonly source: CommandSource;
  readonly #output: string;
  readonly #runs: string;

  constructor(t: Test, options: { readonly refreshMs?: number } = {}) {
    const directory = t.testdir({ output: "first", runs: "" });
    this.#output = join(directory, "output");
    this.#runs = join(directory, "runs");
    const command = ["/bin/sh", "-c", `echo run >> ${this.#runs}; exec cat ${this.#output}`];
    this.source = new CommandSource({
      spec: { command, refreshMs: 15 * minuteMs, timeoutMs: 10_000, ...options },
      env: { PATH: process.env["PATH"] },
      clock: this.clock,
      onOutcome: (outcome) => this.outcomes.push(textOf(outcome)),
    });
    t.teardown(() => this.source.close());
  }

  get runs(): number {
    return readFileSync(this.#runs, "utf8").split("\n").length - 1;
  }

  prints(text: string): void {
    writeFileSync(this.#output, text);
  }

  printsUntil(value: string, inMs: number): void {
    const expiresAt = new Date(this.clock.now() + inMs).toISOString();
    this.prints(JSON.stringify({ token: value, expiresAt }));
  }

  /** Lets time pass, and waits for as many outcomes as are to come of it. */
  async pass(ms: number, outcomes: number): Promise<void> {
    const before = this.outcomes.length;
    this.clock.advance(ms);
    await eventually(() => (this.outcomes.length >= before + outcomes ? true : undefined));
    // Whatever else had been started would have been counted by its own first line.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function textOf(outcome: SourceOutcome): string {
  if (outcome.kind === "failed") return outcome.message;
  return String(outcome.values.get("token"));
}

t.test("CommandSource runs at the start and again after the refresh time", async (t) => {
  const rig = new Rig(t);
  await rig.source.start();
  rig.prints("second");
  await rig.pass(15 * minuteMs - 1, 0);
  t.same([rig.outcomes, rig.runs], [["first"], 1]);
  await rig.pass(1, 1);
  t.same([rig.outcomes, rig.runs], [["first", "second"], 2]);
});

t.test("CommandSource replaces a value in the last fifth of its life", async (t) => {
  const rig = new Rig(t);
  rig.printsUntil("first", 10 * minuteMs);
  await rig.source.start();
  rig.printsUntil("second", 2 * 60 * minuteMs);
  await rig.pass(8 * minuteMs - 1, 0);
  t.equal(rig.runs, 1);
  await rig.pass(1, 1);
  t.same(rig.outcomes, ["first", "second"]);
});

t.test("CommandSource says when a value has expired that could not be replaced", async (t) => {
  const rig = new Rig(t);
  rig.printsUntil("first", 60_000);
  await rig.source.start();
  rig.prints("");
  await rig.pass(48_000, 1);
  t.same(rig.outcomes.slice(1), ['command "/bin/sh": it printed nothing']);
  await rig.pass(10_000, 1);
  t.equal(rig.runs, 3);
  await rig.pass(2_000, 1);
  t.equal(rig.outcomes.at(-1), 'command "/bin/sh": its value has expired');
  t.equal(rig.runs, 3);
});

t.test("CommandSource repeats a failed run ever more seldom, and then as before", async (t) => {
  const rig = new Rig(t);
  rig.prints("");
  await rig.source.start();
  for (const delayMs of [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]) {
    const runs = rig.runs;
    await rig.pass(delayMs - 1, 0);
    t.equal(rig.runs, runs);
    await rig.pass(1, 1);
    t.equal(rig.runs, runs + 1);
  }
  rig.prints("back");
  await rig.pass(300_000, 1);
  t.equal(rig.outcomes.at(-1), "back");
  await rig.pass(15 * minuteMs - 1, 0);
  t.equal(rig.outcomes.at(-1), "back");
  rig.prints("");
  await rig.pass(1, 1);
  rig.prints("again");
  await rig.pass(10_000, 1);
  t.equal(rig.outcomes.at(-1), "again");
});

t.test(
  "noteRefusal() runs the command at once, at most every 10 s, more seldom in vain",
  async (t) => {
    const rig = new Rig(t);
    await rig.source.start();
    rig.clock.advance(2_000);
    rig.prints("second");
    rig.source.noteRefusal(rig.clock.now());
    rig.source.noteRefusal(rig.clock.now());
    await rig.pass(0, 1);
    t.same([rig.outcomes, rig.runs], [["first", "second"], 2]);
    for (const gapMs of [10_000, 20_000, 40_000]) {
      rig.clock.advance(1);
      rig.source.noteRefusal(rig.clock.now());
      await rig.pass(gapMs - 2, 0);
      const { runs } = rig;
      await rig.pass(1, 1);
      t.equal(rig.runs, runs + 1);
    }
    rig.prints("third");
    rig.source.noteRefusal(rig.clock.now());
    await rig.pass(80_000, 1);
    t.equal(rig.outcomes.at(-1), "third");
    rig.source.noteRefusal(rig.clock.now());
    await rig.pass(10_000, 1);
    t.equal(rig.runs, 7);
  },
);

t.test(
  "noteRefusal() of a request that began before the value was read does nothing",
  async (t) => {
    const rig = new Rig(t);
    const beforeMs = rig.clock.now();
    rig.clock.advance(5_000);
    await rig.source.start();
    rig.source.noteRefusal(beforeMs);
    await rig.pass(minuteMs, 0);
    t.equal(rig.runs, 1);
  },
);

t.test("close() kills a run that is under way, and nothing comes after", async (t) => {
  const outcomes: SourceOutcome[] = [];
  const clock = new ManualClock();
  const source = new CommandSource({
    spec: { command: ["sleep", "60"], refreshMs: 10_000, timeoutMs: 10_000 },
    env: process.env,
    clock,
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  const started = source.start();
  source.close();
  source.close();
  await started;
  source.noteRefusal(clock.now());
  clock.advance(minuteMs);
  t.same(outcomes, []);
  t.equal(clock.pendingTimers, 0);
});

t.test("hasSameValues() compares keys and bytes", (t) => {
  const values = (entries: Readonly<Record<string, string>>) =>
    new Map(Object.entries(entries).map(([key, value]) => [key, Buffer.from(value)]));
  t.ok(hasSameValues(values({ a: "x", b: "y" }), values({ b: "y", a: "x" })));
  t.notOk(hasSameValues(values({ a: "x" }), values({ a: "y" })));
  t.notOk(hasSameValues(values({ a: "x" }), values({ b: "x" })));
  t.notOk(hasSameValues(values({ a: "x" }), values({ a: "x", b: "y" })));
  t.end();
});
