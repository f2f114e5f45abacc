import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import t from "tap";
import { ManualClock, systemClock } from "../../gateway/clock.ts";
import type { EventLog } from "./event-log.ts";
import { openSqliteEventLog } from "./sqlite-event-log.ts";
import type { TestScope } from "./testdata/event-log-contract.ts";
import { testEventLog } from "./testdata/event-log-contract.ts";
import { invocationEvent, invocationId } from "./testdata/invocation-event.ts";

function folder(test: TestScope): string {
  const directory = mkdtempSync(path.join(tmpdir(), "clrk-events-"));
  test.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

testEventLog("embedded", async (test) => {
  const file = path.join(folder(test), "events.db");
  let log = openSqliteEventLog({ path: file, clock: systemClock });
  test.teardown(() => log.close());
  const reopen = async (): Promise<EventLog> => {
    await log.close();
    log = openSqliteEventLog({ path: file, clock: systemClock });
    return log;
  };
  return {
    log,
    reopen,
    lose: async () => {
      await log.close();
      for (const end of ["", "-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
      return reopen();
    },
    spoil: async () => {
      await log.close();
      const database = new DatabaseSync(file);
      database
        .prepare("INSERT INTO events (id, phase, logged_ms, body) VALUES ('x', 'y', ?, '{')")
        .run(Date.now());
      database.close();
      return reopen();
    },
  };
});

t.test("openSqliteEventLog() keeps its file to its user, and to one process", async (test) => {
  const file = path.join(folder(test), "events.db");
  const log = openSqliteEventLog({ path: file, clock: systemClock });
  test.teardown(() => log.close());
  await log.append(invocationEvent(1, "Running"));
  test.equal(statSync(file).mode & 0o777, 0o600);
  test.equal(statSync(`${file}-wal`).mode & 0o777, 0o600);
  test.throws(() => openSqliteEventLog({ path: file, clock: systemClock }), {
    code: "CLRK_STORAGE_FAILED",
    message: /Cannot open .*locked/,
  });
});

t.test("what was said to be kept is there after a kill at any moment", async (test) => {
  const file = path.join(folder(test), "events.db");
  const script = fileURLToPath(new URL("./testdata/event-log-child.ts", import.meta.url));
  const said = new Set<string>();
  for (const kills of [1, 2, 3]) {
    const child = spawn(process.execPath, [script, file], { stdio: ["ignore", "pipe", "ignore"] });
    test.teardown(() => child.kill("SIGKILL"));
    let text = "";
    const wanted = said.size + 50 * kills;
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      // It starts anew each time, so that what it says first is known already.
      if (text.split("\n").length > wanted) child.kill("SIGKILL");
    });
    await once(child, "close");
    for (const line of text.split("\n").slice(0, -1)) said.add(line);
  }
  const log = openSqliteEventLog({ path: file, clock: systemClock });
  test.teardown(() => log.close());
  const page = await log.read(undefined, { limit: 100_000 });
  const kept = page.kind === "events" ? page.events.map(({ event }) => event?.id) : [];
  const ids = new Set(kept);
  test.ok(said.size > 150, `${said.size} were said to be kept`);
  test.equal(ids.size, kept.length, "none is there twice");
  test.ok([...said].every((number) => ids.has(invocationId(Number(number)))));
});

t.test("an event that is too old is removed, and its place is expired", async (test) => {
  const clock = new ManualClock();
  const log = openSqliteEventLog({ path: ":memory:", clock, retentionMs: 60_000 });
  test.teardown(() => log.close());
  const { position } = await log.append(invocationEvent(1, "Running"));
  await log.append(invocationEvent(2, "Running"));
  clock.advance(61_000);
  await log.append(invocationEvent(3, "Running"));
  const { earliest, latest } = await log.ends();
  test.strictSame([earliest, latest], [3, 3]);
  test.equal((await log.read(position, { limit: 1 })).kind, "expired");
  test.equal(
    (await log.read({ ...position, sequence: 2 }, { limit: 1 })).kind,
    "events",
    "who has read all of the old ones has missed nothing",
  );
});

t.test("the oldest go when there is too much", async (test) => {
  const log = openSqliteEventLog({
    path: ":memory:",
    clock: new ManualClock(),
    retentionBytes: 4_000,
  });
  test.teardown(() => log.close());
  for (let number = 0; number < 40; number++) await log.append(invocationEvent(number, "Running"));
  const page = await log.read(undefined, { limit: 100 });
  const events = page.kind === "events" ? page.events : [];
  test.ok(events.length > 4 && events.length < 20, `${events.length} are kept`);
  test.equal(events.at(-1)?.event?.id, invocationId(39));
});

t.test("a consumer passes over what was removed before it came to it", async (test) => {
  const clock = new ManualClock();
  const log = openSqliteEventLog({ path: ":memory:", clock, retentionMs: 60_000 });
  test.teardown(() => log.close());
  const consumer = await log.consumer("reader", { ackWaitMs: 1_000 });
  await log.append(invocationEvent(1, "Running"));
  test.equal((await consumer.fetch({ limit: 1, waitMs: 0 })).length, 1);
  clock.advance(61_000);
  await log.append(invocationEvent(2, "Running"));
  const [next, ...more] = await consumer.fetch({ limit: 10, waitMs: 0 });
  test.equal(next?.event?.id, invocationId(2));
  test.strictSame(more, []);
});

t.test("a consumer has a name that every log takes", async (test) => {
  const log = openSqliteEventLog({ path: ":memory:", clock: systemClock });
  test.teardown(() => log.close());
  await test.rejects(log.consumer("a.b"), RangeError);
});
