/** Tests of settings in a session of the engine: none is there for the statement after, whatever fails. */
import t from "tap";
import { EngineSession } from "./engine-session.ts";
import type { ChdbSession } from "./engine-session.ts";

/** A session that notes what it is asked, and refuses what it is told to. */
function scripted(refuses: (sql: string) => boolean = () => false) {
  const asked: string[] = [];
  const session: ChdbSession = {
    queryAsync: async (sql) => {
      asked.push(sql);
      if (refuses(sql)) throw new Error("Code: 164. DB::Exception: no");
      return { rowsRead: 0, bytesRead: 0, bytes: () => new Uint8Array() };
    },
    insert: async () => ({ rowsWritten: 1, bytesWritten: 2 }),
    close: () => {},
  };
  const defaults = new Map([["max_threads", "2"]]);
  const take = () => asked.splice(0);
  return { session: new EngineSession(session, defaults), take };
}

const request = (settings: Readonly<Record<string, string>>) => ({
  settings: new Map(Object.entries(settings)),
  parameters: new Map<string, string>(),
});

t.test("settings are those of ours, then the statement's, then ours again", async (t) => {
  const { session, take } = scripted();
  await session.prepare();
  t.same(take(), ["SET max_threads = '2'"]);
  await session.with(request({ max_threads: "1", max_rows: "5" }), () => session.query("SELECT 1"));
  t.same(take(), [
    "SET max_threads = '1', max_rows = '5'",
    "SELECT 1",
    "SET max_threads = '2', max_rows = DEFAULT",
  ]);
  await session.with(request({}), () => session.query("SELECT 2"));
  t.same(take(), ["SELECT 2"]);
});

t.test("what keeps others from being put back is put back first", async (t) => {
  const { session, take } = scripted();
  await session.prepare();
  take();
  await session.with(request({ max_threads: "1", readonly: "1" }), async () => {});
  t.same(take().slice(1), ["SET readonly = DEFAULT", "SET max_threads = '2'"]);
});

t.test("settings that are refused are put back like those that were taken", async (t) => {
  const { session, take } = scripted((sql) => sql.includes("max_rows = '"));
  await session.prepare();
  take();
  let ran = 0;
  await t.rejects(
    session.with(request({ max_threads: "1", max_rows: "x" }), async () => ran++),
    { name: "EngineError", engineCode: 164 },
  );
  t.equal(ran, 0);
  t.same(take().slice(1), ["SET max_threads = '2', max_rows = DEFAULT"]);
});

t.test("nothing runs with settings that could not be put back", async (t) => {
  let isStuck = true;
  const { session, take } = scripted((sql) => isStuck && sql.includes("DEFAULT"));
  await session.prepare();
  const answer = await session.with(request({ max_rows: "5" }), async () => "done");
  t.equal(answer, "done", "its own answer is whole");
  let ran = 0;
  const again = () => session.with(request({}), async () => ran++);
  await t.rejects(again(), /Code: 164\./);
  t.equal(ran, 0);
  isStuck = false;
  take();
  await again();
  t.equal(ran, 1);
  t.same(take(), ["SET max_rows = DEFAULT"]);
});
