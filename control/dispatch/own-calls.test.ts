import t from "tap";
import { ManualClock, monotonicMs } from "../../gateway/clock.ts";
import { OwnCalls } from "./own-calls.ts";

t.test(
  "OwnCalls remembers an end for a minute, and an answer while its call is open",
  async (t) => {
    const clock = new ManualClock();
    const own = new OwnCalls(clock);
    t.equal(own.begin("a"), true);
    t.equal(own.begin("a"), false, "one of that id runs");
    own.begin("b");
    own.begin("c");
    t.same(own.find("a"), { kind: "running" });
    own.end("a");
    own.answer("b", 200);
    own.drop("c");
    t.equal(own.find("c"), undefined);
    own.prune(() => false, monotonicMs(clock));
    t.match(own.find("a"), { kind: "ended" });
    const beganMs = monotonicMs(clock);
    clock.advance(60_000);
    own.prune(() => false, beganMs);
    t.match(own.find("a"), { kind: "ended" }, "it was not over for long when the look began");
    own.prune((id) => id === "b", monotonicMs(clock));
    t.equal(own.find("a"), undefined);
    t.match(own.find("b"), { kind: "answered", status: 200 });
    own.prune(() => false, monotonicMs(clock));
    t.equal(own.find("b"), undefined);
  },
);

t.test("OwnCalls is bounded: those go that ended first", async (t) => {
  const own = new OwnCalls(new ManualClock());
  for (let call = 0; call <= 50_000; call++) own.end(String(call));
  t.equal(own.find("0"), undefined);
  t.match(own.find("50000"), { kind: "ended" });
});
