/** Tests of what invocations used, from files: each record counts once over rotations, repetitions and restarts. */
import { appendFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { openSqliteInvocationStore } from "./sqlite-invocation-store.ts";
import { modelCallRecord } from "./testdata/invocation-record.ts";
import { UsageFeed } from "./usage-feed.ts";

t.test("UsageFeed counts each record once", async (t) => {
  const directory = t.testdir();
  const path = join(directory, "invocations.db");
  const current = join(directory, "records.jsonl");
  const write = (...ids: string[]) => {
    for (const id of ids) appendFileSync(current, `${JSON.stringify(modelCallRecord(1, id))}\n`);
  };
  write("a", "b");
  appendFileSync(current, 'no record\n{"id":1}\n');
  const open = () => {
    const store = openSqliteInvocationStore({ path, clock: systemClock });
    const feed = new UsageFeed({ directory, store, clock: systemClock, logger: silentLogger });
    feed.start();
    const until = async (taken: number) => {
      while (feed.status.taken < taken) {
        feed.look();
        await new Promise(setImmediate);
      }
    };
    const close = async () => {
      await feed.close();
      store.close();
    };
    return { store, feed, until, close };
  };
  const first = open();
  t.teardown(() => first.close());
  await first.until(2);
  t.match(first.feed.status, { taken: 2, unreadable: 2, failure: "" });
  renameSync(current, join(directory, "records-20260102T030405678Z.jsonl"));
  write("c");
  await first.until(3);
  t.equal(first.store.status.records.counted, 3);
  await first.close();

  write("d");
  const second = open();
  t.teardown(() => second.close());
  await second.until(1);
  t.match(second.store.status.records, { counted: 1, known: 0 }, "nothing is read again");
  write("d", "e");
  await second.until(3);
  t.match(second.store.status.records, { counted: 2, known: 1 });
});
