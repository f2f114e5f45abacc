/** Tests of the embedded store's process and its client: what is bound, what is ended, what survives a kill. */
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { storeErrorCode } from "./store-client.ts";
import { StoreProcess } from "./store-process.ts";
import { findStoreObstacle, startStoreRig, temporaryFolder, until } from "./store-rig.ts";

const obstacle = findStoreObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };
const endless = "SELECT count() FROM numbers(1000000000000) WHERE number % 7 = 3";

t.test("values are bound, never part of the text", skip, async (t) => {
  const { client } = await startStoreRig(t);
  for (const value of ["a'b", "a\tb\nc", "\\", "ü€💥", "'; DROP TABLE otel_logs"]) {
    const rows = await client.query(
      "SELECT {value:String} AS value, {list:Array(String)} AS list",
      {
        value,
        list: [value, "x"],
      },
    );
    t.same(rows, [{ value, list: [value, "x"] }]);
  }
  await t.rejects(client.query("SELECT {forgotten:String}"), /no value of parameter "forgotten"/);
  t.same(await client.query("SELECT {n:UInt64} AS n", { n: 18446744073709551615n }), [
    { n: "18446744073709551615" },
  ]);
});

t.test("settings of one statement do not reach the next", skip, async (t) => {
  const { client } = await startStoreRig(t);
  const setting = "SELECT getSetting('max_execution_time') AS seconds";
  t.match(await client.query(setting, {}, { maxSeconds: 3 }), [{ seconds: 3 }]);
  t.match(await client.query(setting, {}, { maxSeconds: 4 }), [{ seconds: 4 }]);
});

t.test("the same rows with the same token are stored once", skip, async (t) => {
  const { client } = await startStoreRig(t);
  const insert = (token: string) =>
    client.insert({
      table: "otel_logs",
      columns: ["Sequence", "Body"],
      lines: Buffer.from('["1","a"]\n["2","b"]\n'),
      token,
    });
  for (const token of ["one", "one", "two"]) await insert(token);
  t.match(await client.query("SELECT count() AS n FROM otel_logs"), [{ n: "4" }]);
});

t.test("a statement ends with its time, its caller and its memory", skip, async (t) => {
  const { client } = await startStoreRig(t);
  const code = (work: Promise<unknown>) => work.then(() => 0, storeErrorCode);
  t.equal(await code(client.query(endless, {}, { maxSeconds: 1 })), 159, "TIMEOUT_EXCEEDED");
  const huge = "SELECT length(groupArray(number)) FROM numbers(100000000)";
  t.equal(await code(client.query(huge)), 241, "MEMORY_LIMIT_EXCEEDED");
  const caller = new AbortController();
  const asked = client.query(endless, {}, { signal: caller.signal, maxSeconds: 60 });
  const running =
    "SELECT count() AS n FROM system.processes WHERE query LIKE '%number % 7%' AND query NOT LIKE '%processes%'";
  const count = async () => Number((await client.query(running))[0]?.["n"]);
  await until(async () => (await count()) === 1, "the statement at work");
  caller.abort();
  await t.rejects(asked);
  await until(async () => (await count()) === 0, "the end of the statement");
});

t.test("a kill loses nothing that was acknowledged", skip, async (t) => {
  const { client, process: store } = await startStoreRig(t);
  await client.insert({
    table: "otel_logs",
    columns: ["Sequence", "Body"],
    lines: Buffer.from('["1","kept"]\n'),
    token: "a",
  });
  process.kill(store.status.pid ?? 0, "SIGKILL");
  await until(() => store.status.restarts === 1 && store.status.state === "listening", "a restart");
  t.match(await client.query("SELECT Body FROM otel_logs"), [{ Body: "kept" }]);
});

t.test("the end of a store leaves the socket of the next one alone", skip, async (t) => {
  const { directory, process: store, client } = await startStoreRig(t);
  const socket = join(directory, "store.sock");
  // It takes a moment to end.
  const asked = client.query(endless, {}, { maxSeconds: 60 }).catch(() => {});
  const running = "SELECT count() AS n FROM system.processes WHERE query LIKE '%number % 7%'";
  await until(async () => Number((await client.query(running))[0]?.["n"]) === 2, "a statement");
  const { pid = 0 } = store.status;
  process.kill(pid, "SIGTERM");
  await until(() => !existsSync(socket), "a socket that is closed");
  writeFileSync(socket, "the next one's");
  const isOver = () => store.status.pid !== pid;
  await until(() => isOver() || !existsSync(socket), "the end of the store");
  t.ok(isOver() && existsSync(socket));
  await asked;
});

t.test("its folder and socket are its owner's", skip, async (t) => {
  const { directory } = await startStoreRig(t);
  t.equal(statSync(join(directory, "store")).mode & 0o777, 0o700);
  t.equal(statSync(join(directory, "store.sock")).mode & 0o777, 0o600);
});

t.test("what can never work is refused at once", async (t) => {
  const options = { directory: "/x", clock: systemClock, log: silentLogger };
  const long = `/${"x".repeat(120)}/store.sock`;
  t.throws(() => new StoreProcess({ ...options, socket: long }), /at most 103 work; set CLRK_HOME/);
  const small = { ...options, socket: "/x/s", memoryCapBytes: 1_000 };
  t.throws(() => new StoreProcess(small), /want at least/);
});

t.test("a folder that cannot be made is told, and tried again", skip, async (t) => {
  const directory = temporaryFolder(t);
  const store = new StoreProcess({
    directory: "/dev/null/none",
    socket: join(directory, "s.sock"),
    clock: systemClock,
    log: silentLogger,
  });
  t.teardown(() => store.close());
  await store.start();
  t.match(store.status, { state: "restarting", error: /ENOTDIR|EEXIST|ENOENT/ });
});
