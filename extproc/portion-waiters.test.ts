/** Tests of requests that wait for portions. */
import t from "tap";
import type { PortionAsk } from "./portion-holder.ts";
import type { PortionTry } from "./portion-waiters.ts";
import { PortionWaiters } from "./portion-waiters.ts";

const rate = { requests: 5, windowMs: 1_000 };
const missing = (caller: string) => ({ kind: "missing", caller, rate }) as const;

function start() {
  const asks: PortionAsk[] = [];
  const waiters = new PortionWaiters((ask) => asks.push(ask));
  const left = new Map<string, number>();
  const settled: string[] = [];
  /** Takes one of each caller's, in order. */
  const wait = (
    name: string,
    callers: readonly string[],
    signal = new AbortController().signal,
  ) => {
    const attempt = (): PortionTry<string> => {
      const lacks = callers.find((caller) => (left.get(caller) ?? 0) < 1);
      if (lacks !== undefined) return missing(lacks);
      for (const caller of callers) left.set(caller, (left.get(caller) ?? 0) - 1);
      return { kind: "settled", value: name };
    };
    const [first = ""] = callers;
    return waiters.wait(missing(first), attempt, signal).then((value) => settled.push(value));
  };
  return { asks, waiters, left, settled, wait };
}

t.test("who came first is served first, and who is left asks for all", async (t) => {
  const { asks, waiters, left, settled, wait } = start();
  const all = ["1", "2", "3"].map((name) => wait(name, ["a"]));
  t.same(asks, [{ caller: "a", ...rate, waiting: 1 }], "asked once");
  left.set("a", 1);
  waiters.onAnswered("a");
  await all[0];
  t.same(settled, ["1"]);
  t.same(asks.at(-1), { caller: "a", ...rate, waiting: 2 });
  left.set("a", 2);
  waiters.onAnswered("a");
  await Promise.all(all);
  t.same(settled, ["1", "2", "3"]);
  t.equal(waiters.size, 0);
  t.equal(asks.length, 2);
});

t.test("who lacks something else next waits for that", async (t) => {
  const { asks, waiters, left, settled, wait } = start();
  const first = wait("1", ["a", "b"]);
  const second = wait("2", ["a"]);
  left.set("a", 1);
  waiters.onAnswered("a");
  await second;
  t.same(settled, ["2"], "what one cannot use yet another takes");
  t.same(asks.at(-1), { caller: "b", ...rate, waiting: 1 });
  left.set("a", 1).set("b", 1);
  waiters.onAnswered("b");
  await first;
  t.equal(waiters.size, 0);
});

t.test("who does not wait any more takes nothing", async (t) => {
  const { waiters, left, settled, wait } = start();
  const controller = new AbortController();
  const gone = wait("1", ["a"], controller.signal);
  const other = wait("2", ["a"]);
  controller.abort();
  await t.rejects(gone, { message: "Nobody waits any more" });
  left.set("a", 1);
  waiters.onAnswered("a");
  await other;
  t.same(settled, ["2"]);
  waiters.onAnswered("unknown");
});
