/** Tests of portions in shared memory. */
import t from "tap";
import { createPortionMemory, PortionTable } from "./portion-table.ts";

const portion = { count: 4, validUntilMs: 2_000 };

function tableOf(places = 64) {
  return new PortionTable(createPortionMemory(places));
}

t.test(
  "take() gives what was granted, asks once in time for more, and then knows nothing",
  async (t) => {
    const table = tableOf();
    t.same(table.take("a", 1_000), { kind: "missing" });
    t.same(table.grant("a", portion, 1_000), { valid: 0, late: 0 });
    t.same(
      Array.from({ length: 5 }, () => table.take("a", 1_000)),
      [
        { kind: "taken", isLow: false },
        { kind: "taken", isLow: true },
        { kind: "taken", isLow: false },
        { kind: "taken", isLow: false },
        { kind: "missing" },
      ],
    );
    t.same(table.take("b", 1_000), { kind: "missing" });
  },
);

t.test("take() gives nothing of a portion whose time is over", async (t) => {
  const table = tableOf();
  table.grant("a", portion, 1_000);
  t.same(table.take("a", 2_000), { kind: "missing" });
  t.equal(table.reclaim("a", 2_000), 4, "the limit gets it back");
  t.equal(table.reclaim("a", 2_000), 0);
});

t.test("what nobody came for within 10 s is forgotten", async (t) => {
  const table = tableOf();
  table.grant("a", portion, 1_000);
  t.equal(table.reclaim("a", portion.validUntilMs + 10_000), 0);
});

t.test("nobody asks ahead where one is given at a time", async (t) => {
  const table = tableOf();
  table.grant("a", { ...portion, count: 1 }, 1_000);
  t.same(table.take("a", 1_000), { kind: "taken", isLow: false });
});

t.test("grant() adds to what is left and tells of it", async (t) => {
  const table = tableOf();
  table.grant("a", portion, 1_000);
  table.take("a", 1_000);
  const left = table.grant("a", { count: 2, validUntilMs: 3_000 }, 1_500);
  t.same(left, { valid: 3, late: 0 });
  t.equal(table.reclaim("a", 2_500), 5);
  t.same(table.take("a", 2_500), { kind: "missing" });
});

t.test("grant() joins nothing whose time is over, and tells of it", async (t) => {
  const table = tableOf();
  table.grant("a", portion, 1_000);
  table.take("a", 1_000);
  const left = table.grant("a", { count: 2, validUntilMs: 3_500 }, 2_500);
  t.same(left, { valid: 0, late: 3 });
  t.equal(table.reclaim("a", 2_500), 2);
});

t.test("giveBack() undoes take()", async (t) => {
  const table = tableOf();
  table.grant("a", portion, 1_000);
  table.take("a", 1_000);
  table.giveBack("a", 1_000);
  t.equal(table.reclaim("a", 1_000), 4);
});

t.test("setSpent() refuses until its time, and has somebody ask again before", async (t) => {
  const table = tableOf();
  table.setSpent("a", { untilMs: 3_000, askAgainAtMs: 1_500 }, 1_000);
  t.same(table.take("a", 1_000), { kind: "spent", afterMs: 2_000, isOld: false });
  t.same(table.take("a", 1_600), { kind: "spent", afterMs: 1_400, isOld: true });
  t.same(table.take("a", 1_600), { kind: "spent", afterMs: 1_400, isOld: false });
  table.forgetAsked("a", 1_600);
  t.match(table.take("a", 1_600), { isOld: true });
  t.same(table.take("a", 3_000), { kind: "missing" });
  table.setSpent("a", { untilMs: 4_000, askAgainAtMs: 3_500 }, 3_000);
  table.grant("a", { count: 2, validUntilMs: 4_000 }, 3_100);
  t.match(table.take("a", 3_100), { kind: "taken" }, "somebody gave something back");
});

t.test("setSpent() leaves the caller what is left", async (t) => {
  const table = tableOf();
  table.grant("a", portion, 1_000);
  table.setSpent("a", { untilMs: 3_000, askAgainAtMs: 1_500 }, 1_000);
  for (let taken = 0; taken < 4; taken++) t.match(table.take("a", 1_000), { kind: "taken" });
  t.match(table.take("a", 1_000), { kind: "spent" });
});

t.test("places are bounded, and used again when their time is over", async (t) => {
  const table = tableOf(16);
  for (let caller = 0; caller < 16; caller++) table.grant(`c${caller}`, portion, 1_000);
  t.same(table.take("more", 1_000), { kind: "full" });
  t.equal(table.grant("more", portion, 1_000), undefined);
  table.reclaim("c3", 1_500);
  const left = table.grant("more", { count: 1, validUntilMs: 3_000 }, 1_500);
  t.same(left, { valid: 0, late: 0 });
  t.same(table.grant("later", portion, 20_000), { valid: 0, late: 0 });
});

t.test("threads see the same table, and whether the store can be asked", async (t) => {
  const memory = createPortionMemory(64);
  const [one, two] = [new PortionTable(memory), new PortionTable(memory)];
  t.equal(two.isReachable, false);
  one.setStore({ isReachable: true, replicas: 3 });
  t.match(two, { isReachable: true, replicas: 3 });
  one.grant("a", portion, 1_000);
  t.match(two.take("a", 1_000), { kind: "taken" });
  t.equal(one.reclaim("a", 1_000), 3);
});

t.test("memory that is not a table is refused", async (t) => {
  t.throws(() => new PortionTable(new SharedArrayBuffer(1_000)), {
    message: "Cannot use 1000 bytes as a table of portions: they are not of its making",
  });
});
