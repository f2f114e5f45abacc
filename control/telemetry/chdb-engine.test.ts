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
