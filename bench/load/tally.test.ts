/** Unit tests of counting what a load client's run did. */
import t from "tap";
import { mergeHistograms } from "./histogram.ts";
import { assertWarm, countFailure, createTally, measureLoad } from "./tally.ts";
import { TunnelError } from "./tunnel.ts";

t.test("countFailure() counts by kind and keeps the first text", async (t) => {
  const tally = createTally();
  countFailure(tally, new TunnelError("status", "Request was answered 503"));
  countFailure(tally, new TunnelError("status", "Request was answered 502"));
  countFailure(tally, new Error("Cannot read"));
  t.equal(tally.failed, 3);
  t.same(
    [...tally.failures],
    [
      ["status", 2],
      ["protocol", 1],
    ],
  );
  t.equal(tally.firstFailure, "Request was answered 503");
});

t.test("assertWarm() passes with one success and tells the first failure without", async (t) => {
  const tally = createTally();
  t.throws(
    () => assertWarm(tally),
    new Error("Cannot warm up: no request succeeded: none was sent"),
  );
  countFailure(tally, new Error("Cannot connect"));
  t.throws(() => assertWarm(tally), { message: /: Cannot connect$/ });
  tally.requests += 1;
  t.doesNotThrow(() => assertWarm(tally));
});

t.test("measureLoad() gives what the load counted with its time", async (t) => {
  const result = await measureLoad(async (tally, startedMs) => {
    tally.requests = 7;
    tally.latency.record(100);
    countFailure(tally, new TunnelError("closed", "gone"));
    while (performance.now() < startedMs + 5);
  });
  t.equal(result.requests, 7);
  t.same(result.failures, { closed: 1 });
  t.equal(result.firstFailure, "gone");
  t.ok(result.elapsedMs >= 5 && result.cpuMicros > 0);
  t.equal(mergeHistograms([result.latency]).count, 1);
});
