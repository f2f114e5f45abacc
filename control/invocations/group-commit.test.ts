import { DatabaseSync } from "node:sqlite";
import t from "tap";
import { GroupCommit, inTransaction } from "./group-commit.ts";

function openTable(test: { teardown(callback: () => unknown): unknown }) {
  const database = new DatabaseSync(":memory:");
  test.teardown(() => database.close());
  database.exec("CREATE TABLE items (name TEXT UNIQUE)");
  const insert = (name: string) => () =>
    database.prepare("INSERT INTO items (name) VALUES (?)").run(name);
  const names = () =>
    database
      .prepare("SELECT name FROM items ORDER BY name")
      .all()
      .map(({ name }) => name);
  return { database, insert, names };
}

t.test("writes of one turn are one transaction, and each has its result", async (t) => {
  const { database, insert, names } = openTable(t);
  let commits = 0;
  const group = new GroupCommit({
    ...{ database, what: "items", mostWaiting: 10 },
    onCommitted: () => commits++,
  });
  const results = await Promise.all([
    group.add(insert("a")),
    group.add(() => "second"),
    group.add(insert("c")),
  ]);
  t.equal(results[1], "second");
  t.strictSame(names(), ["a", "c"]);
  t.equal(commits, 1);
});

t.test("a write that fails leaves nothing of its group", async (t) => {
  const { database, insert, names } = openTable(t);
  let failures = 0;
  const group = new GroupCommit({
    ...{ database, what: "items", mostWaiting: 10 },
    onFailed: () => failures++,
  });
  await group.add(insert("a"));
  const both = await Promise.allSettled([group.add(insert("b")), group.add(insert("a"))]);
  t.strictSame(
    both.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  t.match(both[0], { reason: { code: "CLRK_STORAGE_FAILED", message: /Cannot write items/ } });
  t.strictSame(names(), ["a"]);
  t.equal(failures, 1);
  await group.add(insert("b"));
  t.strictSame(names(), ["a", "b"], "the next group is not touched");
});

t.test("more than may wait are refused, and after the end all are", async (t) => {
  const { database, insert, names } = openTable(t);
  const group = new GroupCommit({ database, what: "items", mostWaiting: 1 });
  const first = group.add(insert("a"));
  await t.rejects(group.add(insert("b")), { code: "CLRK_LIMIT_EXCEEDED" });
  group.close();
  await first;
  t.strictSame(names(), ["a"], "what waited is written");
  await t.rejects(group.add(insert("c")), { code: "CLRK_CLOSED" });
});

t.test("inTransaction() keeps all or nothing", async (t) => {
  const { database, insert, names } = openTable(t);
  t.equal(
    inTransaction(database, () => {
      insert("a")();
      return 7;
    }),
    7,
  );
  t.throws(() => {
    inTransaction(database, () => {
      insert("b")();
      throw new Error("stop");
    });
  }, /stop/);
  t.strictSame(names(), ["a"]);
});
