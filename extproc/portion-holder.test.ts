/** Tests of the holder of portions, over a store in memory: it has the store's rules and no network. */
import t from "tap";
import type { Test } from "tap";
import { ManualClock, monotonicMs } from "../gateway/clock.ts";
import type { ChangeUse, LimitStore, LimitStoreState, SharedUse } from "../gateway/limit-store.ts";
import { PortionHolder, portionMs } from "./portion-holder.ts";
import { createPortionMemory, PortionTable } from "./portion-table.ts";

const rate = { requests: 100, windowMs: 3_600_000 };
const interval = rate.windowMs / rate.requests;

class MemoryStore implements LimitStore {
  readonly uses = new Map<string, SharedUse>();
  readonly #clock: ManualClock;
  #onChange: () => void = () => {};
  state: LimitStoreState = { server: "m", isReachable: true, replicas: 1, failure: "" };
  /** Answers wait for it */
  gate: Promise<void> = Promise.resolve();
  updates = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  async update(name: string, change: ChangeUse): Promise<void> {
    this.updates++;
    await this.gate;
    if (!this.state.isReachable) throw new Error("lost");
    const next = change(this.uses.get(name), this.#clock.now());
    if (next !== undefined) this.uses.set(name, next.use);
  }

  subscribe(onChange: () => void): () => void {
    this.#onChange = onChange;
    return () => {};
  }

  setReachable(isReachable: boolean): void {
    this.state = { ...this.state, isReachable };
    this.#onChange();
  }

  async close(): Promise<void> {}

  /** Requests that count as used, of the one caller that there is. */
  get used(): number {
    return [...this.uses.values()].reduce((sum, { usedMs }) => sum + usedMs / interval, 0);
  }
}

function start(test: Test) {
  const clock = new ManualClock();
  const store = new MemoryStore(clock);
  const table = new PortionTable(createPortionMemory(64));
  const answered: string[] = [];
  const holder = new PortionHolder({
    store,
    table,
    clock,
    onAnswered: (caller) => answered.push(caller),
  });
  test.teardown(() => holder.close());
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const ask = async (waiting = 1) => {
    holder.ask({ caller: "a", ...rate, waiting });
    await settle();
  };
  const take = () => table.take("a", monotonicMs(clock));
  return { clock, store, table, answered, holder, settle, ask, take };
}

t.test("ask() puts a portion into the table, as large as what waits for it", async (t) => {
  const { ask, take, answered, store } = start(t);
  await ask();
  t.same(answered, ["a"]);
  t.equal(store.used, 4);
  t.match(take(), { kind: "taken" });
  await ask(20);
  t.equal(store.used, 24);
});

t.test("one question of a caller is under way at a time", async (t) => {
  const { ask, settle, store, answered } = start(t);
  let open: () => void = () => {};
  store.gate = new Promise((resolve) => {
    open = resolve;
  });
  await ask();
  await ask();
  t.equal(store.updates, 1);
  open();
  await settle();
  t.same(answered, ["a"]);
});

t.test("portions grow where they are used up at once", async (t) => {
  const { ask, store } = start(t);
  const sizes: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const before = store.used;
    await ask(0);
    sizes.push(Math.round(store.used - before));
  }
  t.same(sizes, [4, 8, 16, 32]);
});

t.test("what nobody used goes back before its time is over", async (t) => {
  const { ask, take, clock, store, settle, holder } = start(t);
  await ask();
  take();
  clock.advance(portionMs);
  await settle();
  t.equal(holder.size, 0);
  t.match(take(), { kind: "missing" });
  t.ok(Math.abs(store.used - 1) < 0.1, `${store.used}`);
});

t.test("what the store gave too late to be used goes back", async (t) => {
  const { ask, take, clock, store, settle, holder } = start(t);
  let open: () => void = () => {};
  store.gate = new Promise((resolve) => {
    open = resolve;
  });
  await ask();
  clock.advance(3 * portionMs);
  open();
  await settle();
  t.equal(store.used, 4);
  t.match(take(), { kind: "missing" });
  clock.advance(portionMs / 10);
  await settle();
  t.equal(holder.size, 0);
  t.ok(store.used < 0.1, `${store.used}`);
});

t.test("what a process that stood still finds goes back", async (t) => {
  const { ask, table, clock, store, settle } = start(t);
  await ask();
  // As the table is after the process could not look for long.
  table.grant("a", { count: 1, validUntilMs: monotonicMs(clock) - 1 }, monotonicMs(clock));
  await ask();
  await settle();
  t.ok(Math.abs(store.used - 7) < 0.1, `${store.used}: 4 and 4 taken, 1 returned`);
});

t.test("close() gives everything back, once", async (t) => {
  const { ask, holder, store } = start(t);
  await ask();
  await holder.close();
  await holder.close();
  t.ok(store.used < 0.1, `${store.used}`);
  await ask();
  t.ok(store.used < 0.1, "and takes nothing more");
});

t.test("the end of a limit is written down with its time", async (t) => {
  const { ask, take, store, clock, settle } = start(t);
  await ask(1);
  for (const name of store.uses.keys()) {
    store.uses.set(name, { usedMs: rate.windowMs, atMs: clock.now() });
  }
  for (let taken = 0; taken < 4; taken++) take();
  await ask(1);
  t.match(take(), { kind: "spent", afterMs: interval, isOld: false });
  clock.advance(500);
  await settle();
  t.match(take(), { kind: "spent", isOld: true });
});

t.test("a store that is lost answers at once, and the table says so", async (t) => {
  const { ask, settle, store, table, answered, take } = start(t);
  let open: () => void = () => {};
  store.gate = new Promise((resolve) => {
    open = resolve;
  });
  await ask();
  store.setReachable(false);
  t.same(answered, ["a"]);
  t.equal(table.isReachable, false);
  open();
  await settle();
  t.match(take(), { kind: "missing" });
  store.setReachable(true);
  t.equal(table.isReachable, true);
});
