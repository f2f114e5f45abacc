import t from "tap";
import { BrokenShares } from "./broken-shares.ts";

t.test("an agent that breaks off some of its calls pays the estimate", async (test) => {
  const shares = new BrokenShares(() => 0);
  let most = 0;
  for (let call = 0; call < 2_000; call++) {
    if (call % 5 < 2) most = Math.max(most, shares.onBroken("run:1", 100));
    else shares.onWhole("run:1", 100);
  }
  test.equal(most, 0);
});

t.test("an agent that breaks off all pays what was reserved, after a while", async (test) => {
  const shares = new BrokenShares(() => 0);
  const margins = Array.from({ length: 300 }, () => shares.onBroken("run:1", 100));
  test.equal(margins[10], 0, "some may break for everybody");
  test.equal(margins.at(-1), 1);
  test.equal(shares.onBroken("run:2", 100), 0, "another agent has its own");
});

t.test("cheap calls that end well do not pay for dear ones that break", async (test) => {
  const shares = new BrokenShares(() => 0);
  let margin = 0;
  for (let call = 0; call < 300; call++) {
    for (let cheap = 0; cheap < 3; cheap++) shares.onWhole("run:1", 10);
    margin = shares.onBroken("run:1", 10_000);
  }
  test.equal(margin, 1);
  for (let free = 0; free < 1_000; free++) shares.onWhole("run:1", 0);
  test.equal(shares.onBroken("run:1", 10_000), 1, "refused calls prove nothing");
});

t.test("an agent that mends is trusted again, and so is one that waits", async (test) => {
  let nowMs = 0;
  const shares = new BrokenShares(() => nowMs);
  const breakAll = (caller: string) =>
    Array.from({ length: 300 }, () => shares.onBroken(caller, 100)).at(-1);
  test.equal(breakAll("run:1"), 1);
  for (let call = 0; call < 300; call++) shares.onWhole("run:1", 100);
  test.equal(shares.onBroken("run:1", 100), 0);
  test.equal(breakAll("run:2"), 1);
  nowMs += 6 * 3_600_000;
  test.equal(shares.onBroken("run:2", 100), 0);
});

t.test("no more agents are remembered than have room", async (test) => {
  const shares = new BrokenShares(() => 0);
  for (let call = 0; call < 300; call++) shares.onBroken("old", 100);
  for (let agent = 0; agent < 4_096; agent++) shares.onWhole(`run:${agent}`, 1);
  test.equal(shares.onBroken("old", 100), 0, "the one of longest ago is forgotten");
});
