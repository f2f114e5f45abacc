import t from "tap";
import { ActivityWindow, noCounts } from "./activity-window.ts";

const one = { ...noCounts, requests: 1, inputTokens: 10 };

t.test("lastMinute() is of the last 60 seconds, total of all time", async (t) => {
  const window = new ActivityWindow();
  for (let second = 0; second < 200; second++) {
    window.add(second, one);
    window.add(second, one);
  }
  t.strictSame(window.total, { ...noCounts, requests: 400, inputTokens: 4_000 });
  t.strictSame(window.lastMinute(199), { ...noCounts, requests: 120, inputTokens: 1_200 });
  t.equal(window.lastMinute(229).requests, 60);
  t.equal(window.lastMinute(258).requests, 2);
  t.equal(window.lastMinute(259).requests, 0);
});

t.test("a bucket that comes again after an hour holds nothing of before", async (t) => {
  const window = new ActivityWindow();
  window.add(5, one);
  window.add(3_605, one);
  t.equal(window.lastMinute(3_605).requests, 1);
  t.equal(window.total.requests, 2);
});
