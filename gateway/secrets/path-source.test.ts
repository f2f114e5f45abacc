/** Tests of following a place by looking at it, in a time of our own. */
import t from "tap";
import { ManualClock } from "../clock.ts";
import { PathSource } from "./path-source.ts";
import type { SourceOutcome } from "./source-outcome.ts";

/** A place whose content the test decides. */
class Place {
  identity = "first";
  readonly clock = new ManualClock();
  readonly outcomes: string[] = [];
  identifications = 0;
  readings = 0;
  read: () => SourceOutcome = () => values(this.identity);
  readonly source = new PathSource({
    clock: this.clock,
    identify: async () => {
      this.identifications++;
      return this.identity;
    },
    read: async () => {
      this.readings++;
      return this.read();
    },
    onOutcome: (outcome) => this.outcomes.push(textOf(outcome)),
  });

  /** Lets time pass in steps, and whatever waits for it go on. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 25) {
      this.clock.advance(Math.min(left, 25));
      await turns();
    }
  }
}

const turns = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

function values(text: string): SourceOutcome {
  return { kind: "values", values: new Map([["token", Buffer.from(text)]]), warning: "" };
}

function textOf(outcome: SourceOutcome): string {
  return outcome.kind === "failed"
    ? `failed: ${outcome.message}`
    : String(outcome.values.get("token"));
}

t.test("PathSource reads at the start, and again within half a second of a change", async (t) => {
  const place = new Place();
  await place.source.start();
  await place.pass(5_000);
  t.same([place.outcomes, place.readings], [["first"], 1]);
  place.identity = "second";
  await place.pass(450);
  t.same(place.outcomes, ["first", "second"]);
});

t.test("PathSource waits until what it sees is quiet, but not for ever", async (t) => {
  const place = new Place();
  await place.source.start();
  place.identity = "half";
  await place.pass(225);
  place.identity = "whole";
  await place.pass(150);
  t.same(place.outcomes, ["first", "whole"]);
  let changes = 0;
  Object.defineProperty(place, "identity", { get: () => `busy ${changes++}` });
  await place.pass(1_500);
  t.match(place.outcomes.at(-1), /^busy/);
});

t.test("PathSource tries again what failed, though nothing seems to have changed", async (t) => {
  const place = new Place();
  place.read = () => ({ kind: "failed", message: "gone" });
  await place.source.start();
  await place.pass(700);
  t.ok(place.outcomes.length >= 2);
  t.same([...new Set(place.outcomes)], ["failed: gone"]);
  place.read = () => values("back");
  await place.pass(450);
  t.equal(place.outcomes.at(-1), "back");
});

t.test("PathSource takes what throws for a failure, and goes on", async (t) => {
  const place = new Place();
  await place.source.start();
  place.identity = "second";
  place.read = () => {
    throw new Error("broken");
  };
  await place.pass(450);
  t.same(place.outcomes, ["first", "failed: broken"]);
  place.read = () => values("mended");
  await place.pass(450);
  t.equal(place.outcomes.at(-1), "mended");
});

t.test("close() ends all looking, also in the middle of one", async (t) => {
  const place = new Place();
  await place.source.start();
  place.identity = "second";
  await place.pass(225);
  place.source.close();
  place.source.close();
  await place.pass(2_000);
  t.same(place.outcomes, ["first"]);
  t.equal(place.clock.pendingTimers, 0);
});
