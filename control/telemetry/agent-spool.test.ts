/** Tests of the spool of agents' rows: on disk before it is acknowledged, bounded, and numbered over restarts. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { silentLogger } from "../../gateway/log.ts";
import { AgentSpool, parseSpoolName, spoolName } from "./agent-spool.ts";
import type { AgentSpoolOptions } from "./agent-spool.ts";
import { temporaryFolder } from "./store-rig.ts";
import type { RigScope } from "./store-rig.ts";

async function open(scope: RigScope, directory: string, changes: Partial<AgentSpoolOptions> = {}) {
  const spool = new AgentSpool({ directory, table: "otel_logs", log: silentLogger, ...changes });
  scope.teardown(() => spool.close());
  await spool.open();
  return spool;
}

t.test("rows are in the file when they are acknowledged", async (t) => {
  const directory = temporaryFolder(t);
  const spool = await open(t, directory);
  await Promise.all([spool.append(["a", "b"]), spool.append(["c"])]);
  const [name = ""] = readdirSync(directory);
  t.equal(readFileSync(join(directory, name), "utf8"), "a\nb\nc\n");
  t.match(parseSpoolName("otel_logs", name), { number: 1 });
  t.equal(parseSpoolName("otel_traces", name), undefined);
  t.equal(parseSpoolName("otel_logs", "other"), undefined);
});

t.test("a full spool refuses until something was stored", async (t) => {
  const directory = temporaryFolder(t);
  const spool = await open(t, directory, { maxBytes: 6 });
  t.equal(await spool.append(["abcde"]), "written");
  t.equal(await spool.append(["x"]), "full");
  t.match(spool.status, { bytes: 6, maxBytes: 6, refusedRows: 1 });
  spool.release(6);
  t.equal(await spool.append(["x"]), "written");
});

t.test("files are numbered on, and what is left counts", async (t) => {
  const directory = temporaryFolder(t);
  const first = await open(t, directory, { maxFileBytes: 1 });
  await first.append(["a"]);
  await first.append(["b"]);
  await first.close();
  const second = await open(t, directory);
  t.equal(second.status.bytes, 4);
  await second.append(["c"]);
  t.same(
    readdirSync(directory).sort(),
    [1, 2, 3].map((number) => spoolName("otel_logs", number)),
  );
});

t.test("a folder that is gone refuses, and nothing is thrown", async (t) => {
  const directory = temporaryFolder(t);
  const spool = await open(t, directory);
  rmSync(directory, { recursive: true });
  t.equal(await spool.append(["a"]), "full");
});
