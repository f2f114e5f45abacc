/** Tests of what the engine answers about new raw connections. */
import t from "tap";
import { ManualClock } from "../gateway/clock.ts";
import { envoy } from "../gateway/proto/gen/extproc.js";
import type { ConnectionPlan, LimitPlan } from "../gateway/snapshot.ts";
import { ConnectionCall } from "./connection-call.ts";
import type { LimiterParts } from "./testdata/limiter.ts";
import { createLimiter } from "./testdata/limiter.ts";
import { RecordingStream } from "./testdata/recording-stream.ts";
import { WorkRunner } from "./work-runner.ts";

const { RateLimitRequest, RateLimitResponse } = envoy.service.ratelimit.v3;
const limit: LimitPlan = {
  policy: { kind: "RateLimitPolicy", namespace: "default", name: "l" },
  requests: 1,
  windowMs: 60_000,
  scope: "PerAgent",
};
const plan: ConnectionPlan = {
  id: "p1",
  route: { kind: "EgressL4Route", namespace: "default", name: "raw" },
  ruleIndex: 0,
  limits: [limit],
};

function start(parts: LimiterParts = {}, limits: readonly LimitPlan[] = [limit]) {
  const { limiter, counters, waiters } = createLimiter(parts);
  const clock = new ManualClock();
  const work = new WorkRunner({ workers: new Map([["limit-portion", limiter.wait]]), clock });
  const findPlan = (id: string) => (id === "p1" ? { ...plan, limits } : undefined);
  const ask = (caller: string, id = "p1") => {
    const stream = new RecordingStream();
    const call = new ConnectionCall(stream, { counters, limiter, work, findPlan });
    const entries = [
      { key: "plan", value: id },
      { key: "caller", value: caller },
    ];
    const bytes = Buffer.from(RateLimitRequest.encode({ descriptors: [{ entries }] }).finish());
    call.onMessage(bytes, 0, bytes.length);
    call.onHalfClose();
    return { stream, call };
  };
  return { ask, counters, clock, waiters };
}

/** What Envoy reads: `ok`, or the details of a refusal. */
function answer({ sent }: RecordingStream): string {
  const [bytes] = sent;
  if (bytes === undefined) return "nothing";
  const { overallCode, dynamicMetadata } = RateLimitResponse.decode(bytes);
  if (overallCode === RateLimitResponse.Code.OK) return "ok";
  return dynamicMetadata?.fields["refusal"]?.stringValue ?? "";
}

t.test(
  "a connection takes one of its limits, and the next is refused with the reason",
  async (t) => {
    const { ask, counters } = start();
    const first = ask("run:a");
    t.equal(answer(first.stream), "ok");
    t.match(first.stream.end, { status: 0 });
    t.equal(answer(ask("run:a").stream), "clrk_denied{rate-limited}");
    t.equal(answer(ask("run:b").stream), "ok");
    t.equal(counters.get("openStreams"), 3);
    first.call.onClose();
    first.call.onClose();
    t.equal(counters.get("openStreams"), 2);
  },
);

t.test("a connection of a plan that is not there is refused", async (t) => {
  t.equal(answer(start().ask("run:a", "p2").stream), "clrk_denied{not-ready}");
});

t.test("a connection waits until something is known of a shared limit", async (t) => {
  const shared = [{ ...limit, shared: { onUnreachable: "Refuse" } }] as const;
  const { ask, clock, waiters } = start({ replicas: 1 }, shared);
  const { stream } = ask("run:a");
  t.equal(answer(stream), "nothing");
  clock.advance(250);
  t.equal(answer(stream), "clrk_denied{limit-unavailable}");
  const gone = ask("run:a");
  t.equal(waiters.size, 1);
  gone.call.onClose();
  t.equal(waiters.size, 0, "nobody waits for who has gone");
});

t.test("what cannot be read gets no answer", async (t) => {
  const { limiter, counters } = createLimiter();
  const clock = new ManualClock();
  const work = new WorkRunner({ workers: new Map(), clock });
  const stream = new RecordingStream();
  const call = new ConnectionCall(stream, { counters, limiter, work, findPlan: () => plan });
  call.onMessage(Buffer.from([0xff]), 0, 1);
  t.equal(answer(stream), "nothing");
  t.match(stream.end, { status: 13 });
  t.equal(counters.get("failedStreams"), 1);
});
