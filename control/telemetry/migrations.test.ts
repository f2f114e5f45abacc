/** Tests of the schema: applied once, only adding, and in step with the lines that are written. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { sequencesPerPartition } from "./ingest-sequence.ts";
import { migrate, readMigrations } from "./migrations.ts";
import { findStoreObstacle, startStoreRig, temporaryFolder } from "./store-rig.ts";
import { tableColumns } from "./table-rows.ts";

const obstacle = findStoreObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };

t.test("files are applied once, and newer ones are left alone", skip, async (t) => {
  const { client } = await startStoreRig(t);
  const ours = await readMigrations();
  t.same(await migrate(client, ours), { applied: [], unknown: [] });
  const statements = ["ALTER TABLE otel_logs ADD COLUMN IF NOT EXISTS Extra String"];
  const next = { version: ours.length + 1, name: "next", statements, digest: "d" };
  t.same(await migrate(client, [...ours, next]), { applied: [next.version], unknown: [] });
  t.same(await migrate(client, ours), { applied: [], unknown: [next.version] });
  const changed = ours.map((migration) => ({ ...migration, digest: "other" }));
  await t.rejects(migrate(client, changed), { code: "CLRK_PRECONDITION_FAILED" });
});

t.test("tables have the columns of the lines, in their order", skip, async (t) => {
  const { client } = await startStoreRig(t);
  for (const [table, columns] of Object.entries(tableColumns)) {
    const rows = await client.query(
      "SELECT name FROM system.columns WHERE table = {table:String} ORDER BY position",
      { table },
    );
    t.same(
      rows.map(({ name }) => name),
      columns.map((name) => name.replaceAll("`", "")),
    );
  }
});

t.test("the partition is that of the sequence", async (t) => {
  const sql = readFileSync(new URL("./schema/001-traces.sql", import.meta.url), "utf8");
  t.match(sql, `PARTITION BY intDiv(Sequence, ${sequencesPerPartition})`);
});

t.test("a file that takes away or has no place in the order is refused", async (t) => {
  const directory = temporaryFolder(t);
  const write = (folder: string, name: string, text: string) => {
    mkdirSync(join(directory, folder));
    writeFileSync(join(directory, folder, name), text);
    return readMigrations(join(directory, folder));
  };
  await t.rejects(write("a", "001-x.sql", "DROP TABLE t;"), /does more than add/);
  await t.rejects(write("b", "002-x.sql", "CREATE TABLE IF NOT EXISTS t (a Int8);"), /its place/);
});
