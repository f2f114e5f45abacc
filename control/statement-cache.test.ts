import { DatabaseSync } from "node:sqlite";
import t from "tap";
import { StatementCache } from "./statement-cache.ts";

t.test("a text is compiled once, and runs as often as it is asked for", async (t) => {
  const database = new DatabaseSync(":memory:");
  t.teardown(() => database.close());
  const statements = new StatementCache(database);
  const text = "SELECT ? + 1 AS n";
  t.equal(statements.prepare(text), statements.prepare(text));
  t.match(statements.prepare(text).get(1), { n: 2 });
  t.match(statements.prepare(text).get(2), { n: 3 });
  t.throws(() => statements.prepare("nonsense"));
});
