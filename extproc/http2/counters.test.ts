/** Tests of counts at their beginning. */
import t from "tap";
import { createCounters } from "./counters.ts";
import { ERROR } from "./protocol.ts";

t.test("createCounters() has a zero for everything, and nothing shared", async (t) => {
  const counters = createCounters();
  const { protocolErrors, floods, ...single } = counters;
  const all = [single, protocolErrors, floods].flatMap((one) => Object.values(one));
  t.strictSame(new Set(all), new Set([0]));
  t.strictSame(Object.keys(protocolErrors), Object.keys(ERROR));
  protocolErrors.CANCEL++;
  t.equal(createCounters().protocolErrors.CANCEL, 0);
});
