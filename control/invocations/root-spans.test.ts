/** Tests of whoever tells root spans: all of them, once each, and later where they cannot be taken. */
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import type { InvocationOutcome } from "../../gateway/invocation-span.ts";
import { silentLogger } from "../../gateway/log.ts";
import { RootSpans } from "./root-spans.ts";
import type { TakeRoots } from "./root-spans.ts";
import { openSqliteInvocationStore } from "./sqlite-invocation-store.ts";
import { invocationEvent } from "./testdata/invocation-event.ts";

const root = { traceId: "a".repeat(32), spanId: "b".repeat(16) };

function setUp(test: Test, take?: TakeRoots) {
  const clock = new ManualClock(Date.UTC(2026, 0, 2, 4));
  const store = openSqliteInvocationStore({ path: ":memory:", clock });
  const taken: string[] = [];
  const note: TakeRoots = async (roots) => {
    taken.push(...roots.map(({ end }) => end.id));
    return "taken";
  };
  const roots = new RootSpans({ ...{ store, clock, logger: silentLogger }, take: take ?? note });
  test.teardown(async () => {
    await roots.close();
    store.close();
  });
  let sequence = 0;
  const end = (number: number) =>
    store.apply([
      {
        position: { epoch: "one", sequence: ++sequence },
        event: invocationEvent(number, "Succeeded", { root }),
      },
    ]);
  const settle = async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, store, roots, taken, end, settle };
}

t.test("what was due before and what ends later is told, once", async (t) => {
  const { store, roots, taken, end, settle } = setUp(t);
  for (let number = 0; number < 300; number++) end(number);
  roots.start();
  await settle();
  t.equal(taken.length, 300);
  end(300);
  await settle();
  t.equal(new Set(taken).size, 301);
  t.match(roots.status, { told: 301, failure: "" });
  t.same(store.dueRoots(1), []);
});

t.test("what cannot be taken is offered again", async (t) => {
  const offered: (readonly InvocationOutcome[])[] = [];
  const { clock, store, roots, end, settle } = setUp(t, async (roots) => {
    offered.push(roots);
    return offered.length < 2 ? "later" : "taken";
  });
  end(1);
  roots.start();
  await settle();
  t.equal(roots.status.told, 0);
  clock.advance(5_000);
  await settle();
  t.equal(offered.length, 2);
  t.equal(roots.status.told, 1);
  t.same(store.dueRoots(1), []);
});

t.test("a failure is told, and tried again", async (t) => {
  const { store, clock, roots, end, settle } = setUp(t, async () => {
    if (roots.status.failure === "") throw new Error("no room");
    return "taken";
  });
  end(1);
  roots.start();
  await settle();
  t.equal(roots.status.failure, "Cannot tell root spans of invocations: no room");
  clock.advance(5_000);
  await settle();
  t.match(roots.status, { told: 1, failure: "" });
  t.same(store.dueRoots(1), []);
});
