import t from "tap";
import { ManualClock } from "../clock.ts";
import { EndpointClock } from "./endpoint-clock.ts";
import type { TokenAnswer } from "./token-endpoint.ts";

function answer(status: number, serverMs: number | undefined): TokenAnswer {
  return { kind: "answered", status, text: "", serverMs, askedNs: 0n };
}

t.test(
  "ask() asks once more with the endpoint's time after a refusal that it may explain",
  async (t) => {
    for (const skewMs of [600_000, -600_000]) {
      const clock = new ManualClock();
      const endpoint = new EndpointClock(clock);
      const asked: number[] = [];
      const last = await endpoint.ask(async (nowMs) => {
        asked.push(nowMs - clock.now());
        return answer(asked.length === 1 ? 401 : 201, clock.now() + skewMs);
      });
      t.match(last, { status: 201 });
      t.same(asked, [0, skewMs]);
      t.equal(endpoint.nowMs(), clock.now() + skewMs, "and remembers it");
    }
  },
);

t.test("ask() asks once where the time explains nothing", async (t) => {
  const clock = new ManualClock();
  for (const [status, offMs] of [
    [400, 29_000],
    [200, 600_000],
    [503, 600_000],
  ] as const) {
    let asked = 0;
    await new EndpointClock(clock).ask(async () => {
      asked++;
      return answer(status, clock.now() + offMs);
    });
    t.equal(asked, 1, `${status} ${offMs}`);
  }
  let asked = 0;
  const known = new EndpointClock(clock);
  await known.ask(async () => {
    asked++;
    return answer(401, clock.now() + 600_000);
  });
  await known.ask(async () => {
    asked++;
    return answer(401, clock.now() + 600_000);
  });
  t.equal(asked, 3, "a time that is known already is tried once");
});

t.test("ask() forgets a difference that is gone, and learns none without a Date", async (t) => {
  const clock = new ManualClock();
  const endpoint = new EndpointClock(clock);
  await endpoint.ask(async () => answer(200, clock.now() - 600_000));
  await endpoint.ask(async () => answer(200, undefined));
  t.equal(endpoint.nowMs(), clock.now() - 600_000);
  await endpoint.ask(async () => answer(200, clock.now() + 1_000));
  t.equal(endpoint.nowMs(), clock.now());
});

t.test("ask() believes no clock that is more than a day off", async (t) => {
  const clock = new ManualClock();
  const endpoint = new EndpointClock(clock);
  const asked: number[] = [];
  for (const serverMs of [8.64e15, 0, clock.now() + 25 * 3_600_000]) {
    await endpoint.ask(async (nowMs) => {
      asked.push(nowMs);
      return answer(401, serverMs);
    });
  }
  t.same(asked, [clock.now(), clock.now(), clock.now()]);
});
