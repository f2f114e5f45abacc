import t from "tap";
import { engineLimits, maxAnswerBytes, maxRequestBytes } from "./engine-limits.ts";

t.test("engineLimits take every body that Envoy holds for a choice, in one message", async (t) => {
  // gateway/xds/model-call-body.ts
  t.equal(maxRequestBytes, 32 * 1024 * 1024);
  t.ok(engineLimits.maxMessageBytes > maxRequestBytes + 128 * 1024, "with its headers");
  t.ok(engineLimits.maxQueuedStreamBytes >= maxAnswerBytes);
});
