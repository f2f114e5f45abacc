/** Tests of which invocations lack a root span that nobody else tells, over the store that notes them. */
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import { openSqliteInvocationStore } from "./sqlite-invocation-store.ts";
import { invocationEvent, invocationId } from "./testdata/invocation-event.ts";

const root = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
const run = { kind: "Process", namespace: "default", name: "writer", uid: "run-1" };
const gateways = ["default/egress"];

function setUp(test: { teardown(callback: () => unknown): unknown }) {
  const clock = new ManualClock(Date.UTC(2026, 0, 2, 4));
  const store = openSqliteInvocationStore({ path: ":memory:", clock, mostInvocations: 2 });
  test.teardown(() => store.close());
  let sequence = 0;
  const apply = (...events: readonly InvocationEvent[]) =>
    store.apply(
      events.map((event) => ({ position: { epoch: "one", sequence: ++sequence }, event })),
    );
  const due = () => store.dueRoots(10).map(({ end }) => Number.parseInt(end.id.slice(-12), 16));
  return { clock, store, apply, due };
}

t.test("a call that is over lacks its root, until that is told", async (t) => {
  const { store, apply, due } = setUp(t);
  apply(
    invocationEvent(1, "Pending", { root, gateways }),
    invocationEvent(1, "Dispatched", { root, gateways }),
  );
  t.same(due(), []);
  const agent = { kind: "TaskAgent", namespace: "default", name: "writer", uid: "" };
  const end = invocationEvent(1, "Timeout", { agent, reason: "DeadlineExceeded", message: "Late" });
  apply(end);
  t.same(store.dueRoots(10), [
    {
      root,
      startUnixMs: invocationEvent(1, "Pending").atUnixMs,
      end: { ...end, agent: { ...agent, uid: "uid-writer" }, gateways },
    },
  ]);
  store.removeDueRoots(store.dueRoots(10));
  apply(end, invocationEvent(1, "Failed", { root }));
  t.same(due(), [], "what is told again changes nothing");
});

t.test("a gateway tells the roots of its runs, unless it was killed", async (t) => {
  const { apply, due } = setUp(t);
  const one = { agent: run, root };
  apply(invocationEvent(1, "Failed", { ...one, reason: "ExitCode", exitCode: 1 }));
  apply(invocationEvent(2, "Failed", { ...one, reason: "GatewayGone" }));
  apply(invocationEvent(3, "Failed", { ...one, reason: "NotHeard" }));
  t.same(due(), [2, 3]);
});

t.test("what was never told a root has none", async (t) => {
  const { apply, due } = setUp(t);
  apply(invocationEvent(1, "Running"), invocationEvent(1, "Succeeded"));
  t.same(due(), []);
});

t.test("a root that is due goes with its invocation", async (t) => {
  const { clock, store, apply, due } = setUp(t);
  for (const number of [1, 2, 3]) apply(invocationEvent(number, "Succeeded", { root }));
  t.same(due(), [1, 2, 3]);
  clock.advance(60_000);
  store.prune();
  t.equal(store.get("default", invocationId(1)), undefined);
  t.same(due(), [2, 3]);
  t.equal(store.dueRoots(1).length, 1);
});
