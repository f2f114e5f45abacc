/** Tests of what inputs may cost. */
import t from "tap";
import { InputCost } from "./input-cost.ts";

t.test("InputCost suspects and judges what is slow each time", async (t) => {
  const cost = new InputCost(20);
  const spin = () => {
    const before = process.threadCpuUsage();
    while (process.threadCpuUsage(before).user < 60_000);
    return undefined;
  };
  cost.begin();
  spin();
  t.ok(cost.isSuspicious());
  t.match(await cost.judge({ check: spin }, Buffer.alloc(0)), /^it takes more than 20 ms of CPU/);
});

t.test("InputCost lets go what was slow once", async (t) => {
  const cost = new InputCost(50);
  t.equal(await cost.judge({ check: () => undefined }, Buffer.alloc(0)), undefined);
});
