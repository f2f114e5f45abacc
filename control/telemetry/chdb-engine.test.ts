/** Tests of the engine in this process: what is ended is told as ended, never as an answer. */
import t from "tap";
import { ChdbEngine } from "./chdb-engine.ts";
import { findStoreObstacle, temporaryFolder } from "./store-rig.ts";
import type { StoreRequest } from "./store-request.ts";

const obstacle = findStoreObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };

function statement(sql: string, data = ""): StoreRequest {
  return { sql, data: Buffer.from(data), settings: new Map(), parameters: new Map() };
}

t.test("a statement that was ended has no answer, whatever the engine gave", skip, async (t) => {
  const directory = temporaryFolder(t);
  const engine = await ChdbEngine.open(directory, { memoryCapBytes: 600 * 1024 * 1024 });
  t.teardown(() => engine.close());
  const { signal } = new AbortController();
  const run = (request: StoreRequest) => engine.run(request, signal);
  await run(statement("CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n"));
  const insert = statement("INSERT INTO kept (n) FORMAT JSONCompactEachRow", '["1"]\n');
  await run(insert);
  // The engine may give an empty answer for what is ended in its first moment.
  const [read] = await Promise.allSettled([
    run(statement("SELECT n FROM kept")),
    engine.kill({ inserts: false }),
  ]);
  t.match(read, { status: "rejected", reason: { engineCode: 394 } });
  const [written] = await Promise.allSettled([run(insert), engine.kill({ inserts: true })]);
  t.match(written, { status: "rejected", reason: { engineCode: 394 } });
  const [spared] = await Promise.allSettled([run(insert), engine.kill({ inserts: false })]);
  t.match(spared, { status: "fulfilled", value: { writtenRows: 1 } });
  const { body } = await run(statement("SELECT n FROM kept LIMIT 1"));
  t.equal(Buffer.from(body).toString(), "1\n", "the next one is answered");
});

t.test("settings of a statement are no other's, whichever they are", skip, async (t) => {
  const engine = await ChdbEngine.open(temporaryFolder(t), { memoryCapBytes: 600 * 1024 * 1024 });
  t.teardown(() => engine.close());
  const { signal } = new AbortController();
  const run = async (sql: string, settings: Readonly<Record<string, string>> = {}) => {
    const request = { ...statement(sql), settings: new Map(Object.entries(settings)) };
    const { body } = await engine.run(request, signal);
    return Buffer.from(body).toString();
  };
  const seen =
    "SELECT getSetting('readonly'), getSetting('max_threads'), getSetting('max_rows_to_read')";
  t.equal(await run(seen, { max_threads: "1", readonly: "1" }), "1\t1\t0\n");
  await t.rejects(run(seen, { max_rows_to_read: "9", max_threads: "x" }), /Code: 27\./);
  await t.rejects(run(seen, { max_rows_to_read: "9", no_such_setting: "1" }), /Code: 115\./);
  // More than there are sessions, which take turns.
  for (let look = 0; look < 8; look++) t.equal(await run(seen), "0\t2\t0\n");
});
