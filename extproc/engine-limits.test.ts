import t from "tap";
import { modelCallBytes } from "../gateway/xds/model-call-body.ts";
import { engineLimits, maxAnswerBytes, maxRequestBytes } from "./engine-limits.ts";

t.test("engineLimits take every body that Envoy holds for a choice, in one message", async (t) => {
  t.equal(maxRequestBytes, modelCallBytes);
  t.ok(engineLimits.maxMessageBytes > modelCallBytes + 128 * 1024, "with its headers");
  t.ok(engineLimits.maxQueuedStreamBytes >= maxAnswerBytes);
});
