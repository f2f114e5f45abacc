import t from "tap";
import type { BudgetEntry, ReservedEntry, SettledEntry } from "./budget-entries.ts";
import type { EntryWaiter } from "./budget-journal.ts";
import { BudgetTable, createBudgetMemory } from "./budget-table.ts";
import { CallBudgets } from "./call-budgets.ts";
import { createCounters, ThreadCounters } from "./thread-counters.ts";
import { createBudgeter, lateEvening } from "./testdata/budgeter.ts";

const day = { name: "default/team", scope: "day", unit: "tokens", limit: 1_000 } as const;
const execution = { name: "default/team", scope: "execution", unit: "usd", limit: 500 } as const;
const needOf = (tokens: number, microDollars: number | null) => ({
  ...{ tokens, microDollars },
  expected: { tokens: 90, microDollars: microDollars && 450 },
  transaction: "t1",
});
const most = needOf(600, 400);
const hourMs = 3_600_000;

t.test("reserve() writes down what it reserves, and settle() what was used", async (test) => {
  const { budgeter, lines, table } = createBudgeter();
  const verdict = budgeter.reserve([day, execution], "run:1", most);
  if (verdict.kind !== "reserved") throw new TypeError(verdict.kind);
  const dayKey = "day tokens default%2Fteam 2026-11-28";
  const executionKey = "execution usd default%2Fteam 1";
  test.match(lines, [
    {
      kind: "reserved",
      id: 0,
      counts: [
        { key: dayKey, amount: 600, expected: 90, untilMs: lateEvening + 2 * hourMs },
        {
          key: executionKey,
          amount: 400,
          // Never more than was reserved.
          expected: 400,
          untilMs: lateEvening + 7 * 24 * hourMs,
        },
      ],
      call: { transaction: "t1", tokens: 90, microDollars: 450 },
    },
  ]);
  verdict.reservation.settle({ tokens: 70, microDollars: 30 });
  verdict.reservation.settle({ tokens: 1, microDollars: 1 });
  test.equal(lines.length, 2, "a reservation ends once");
  test.match(lines[1], { kind: "settled", id: 0, used: [70, 30] });
  test.same(table.read(dayKey, lateEvening), { used: 70, reserved: 0 });
  test.same(table.read(executionKey, lateEvening), { used: 30, reserved: 0 });
});

t.test("settle() writes down that it was by an estimate, and only then", async (test) => {
  const { budgeter, lines } = createBudgeter();
  for (const isEstimated of [true, false]) {
    const verdict = budgeter.reserve([day], "run:1", needOf(10, null));
    if (verdict.kind !== "reserved") throw new TypeError(verdict.kind);
    verdict.reservation.settle({ tokens: 5, microDollars: null, isEstimated });
  }
  test.equal(lines.length, 4);
  test.match(lines[1], { kind: "settled", id: 0, isEstimated: true });
  test.notMatch(lines[3], { isEstimated: true });
});

t.test("reserve() says which count has no room, and when it begins anew", async (test) => {
  const { budgeter, counters, lines } = createBudgeter();
  budgeter.reserve([day, execution], "run:1", needOf(600, 100));
  test.match(budgeter.reserve([day], "run:2", most), {
    kind: "exhausted",
    count: day,
    needed: 600,
    left: 400,
    afterMs: hourMs,
  });
  const dear = needOf(1, 450);
  test.match(budgeter.reserve([day, execution], "run:1", dear), {
    kind: "exhausted",
    count: execution,
    needed: 450,
    left: 400,
    afterMs: null,
  });
  test.equal(budgeter.reserve([execution], "run:2", dear).kind, "reserved", "another execution");
  test.equal(counters.get("exhaustedBudgets"), 2);
  test.equal(lines.length, 2, "of what is refused nothing is written");
});

t.test(
  "a day begins anew at midnight UTC, and a call belongs to the day it began",
  async (test) => {
    let now = lateEvening;
    const { budgeter, table } = createBudgeter({ nowMs: () => now });
    const late = budgeter.reserve([day], "run:1", needOf(1_000, null));
    test.equal(budgeter.reserve([day], "run:1", needOf(1, null)).kind, "exhausted");
    now = lateEvening + hourMs;
    test.equal(budgeter.reserve([day], "run:1", needOf(1_000, null)).kind, "reserved");
    if (late.kind === "reserved") late.reservation.settle({ tokens: 5, microDollars: null });
    test.same(table.read("day tokens default%2Fteam 2026-11-28", now), { used: 5, reserved: 0 });
    test.same(table.read("day tokens default%2Fteam 2026-11-29", now), {
      used: 0,
      reserved: 1_000,
    });
  },
);

t.test("what cannot be written down is refused, and reserves nothing", async (test) => {
  let writes = false;
  const { budgeter, counters, table } = createBudgeter({ writes: () => writes });
  test.same(budgeter.reserve([day], "run:1", most), { kind: "unavailable", cause: "unwritable" });
  test.same(table.read("day tokens default%2Fteam 2026-11-28", lateEvening), {
    used: 0,
    reserved: 0,
  });
  test.equal(counters.get("unwrittenBudgets"), 1);
  writes = true;
  test.equal(budgeter.reserve([day], "run:1", most).kind, "reserved");
});

t.test("what cannot be counted is refused", async (test) => {
  const { budgeter, counters } = createBudgeter({ places: 16 });
  const verdicts = Array.from({ length: 17 }, (_, run) =>
    budgeter.reserve([execution], `run:${run}`, most),
  );
  test.same(verdicts.at(-1), { kind: "unavailable", cause: "full" });
  test.equal(counters.get("fullBudgets"), 1);
});

/** Budgets whose journal keeps all that is reserved until it is told what became of it. */
function createPending() {
  const lines: BudgetEntry[] = [];
  let waiters: EntryWaiter[] = [];
  const end = (isWritten: boolean) => {
    const told = waiters;
    waiters = [];
    for (const waiter of told) waiter.onWritten(isWritten);
  };
  const journal = {
    append(line: ReservedEntry, waiter?: EntryWaiter) {
      lines.push(line);
      if (waiter !== undefined) waiters.push(waiter);
      return "pending" as const;
    },
    appendSoon: (entry: Omit<SettledEntry, "kind">) =>
      lines.push({ kind: "settled", ...entry }) > 0,
    flush() {
      end(true);
      return true;
    },
  };
  const table = new BudgetTable(createBudgetMemory(64));
  const counters = new ThreadCounters(createCounters(1), 0);
  const nowMs = () => lateEvening;
  const budgeter = new CallBudgets({ table, journal, counters, nowMs });
  const reserve = () => {
    const verdict = budgeter.reserve([day], "run:1", most);
    if (verdict.kind !== "reserved") throw new TypeError(verdict.kind);
    return verdict.reservation;
  };
  const counted = () => table.read("day tokens default%2Fteam 2026-11-28", lateEvening);
  return { reserve, counted, counters, lines, end };
}

t.test(
  "a reservation counts while it is pending, and calls back when it is written",
  async (test) => {
    const { reserve, counted, end } = createPending();
    const reservation = reserve();
    test.equal(reservation.standing, "pending");
    test.same(counted(), { used: 0, reserved: 600 });
    const seen: string[] = [];
    reservation.whenWritten(() => seen.push(reservation.standing));
    test.strictSame(seen, []);
    end(true);
    test.strictSame(seen, ["open"]);
    reservation.whenWritten(() => seen.push("at once"));
    test.strictSame(seen, ["open", "at once"]);
  },
);

t.test("a reservation that was not written is lost, and holds nothing", async (test) => {
  const { reserve, counted, counters, lines, end } = createPending();
  const reservation = reserve();
  const seen: string[] = [];
  reservation.whenWritten(() => seen.push(reservation.standing));
  end(false);
  test.strictSame(seen, ["lost"]);
  test.same(counted(), { used: 0, reserved: 0 });
  test.equal(counters.get("unwrittenBudgets"), 1);
  reservation.settle({ tokens: 5, microDollars: null });
  test.same(counted(), { used: 0, reserved: 0 });
  test.equal(lines.length, 1, "and nothing more is written of it");
});

t.test("settle() of a pending reservation has it written first", async (test) => {
  const { reserve, counted, lines } = createPending();
  const reservation = reserve();
  reservation.settle({ tokens: 5, microDollars: null });
  test.equal(reservation.standing, "open");
  test.strictSame(
    lines.map(({ kind }) => kind),
    ["reserved", "settled"],
  );
  test.same(counted(), { used: 5, reserved: 0 });
});
