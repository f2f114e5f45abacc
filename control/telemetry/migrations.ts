/**
 * Brings the store's tables up to date: numbered SQL files, each applied once and written down with a digest. They only
 * add, or change how rows are kept, so that rows outlive an upgrade and an older program still works beside a newer one.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ClrkError } from "../../gateway/errors.ts";
import type { StoreClient } from "./store-client.ts";

/** One file. */
export interface Migration {
  /** From 1 on, without a gap */
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
  /** SHA-256 of its statements in hexadecimal */
  readonly digest: string;
}

/** What was found and done. */
export interface MigrationOutcome {
  readonly applied: readonly number[];
  /** Versions of a newer program that are in the store, and that this one does not know */
  readonly unknown: readonly number[];
}

const createJournal = `CREATE TABLE IF NOT EXISTS clrk_migrations
(
    Version UInt32,
    Name String,
    Digest String,
    AppliedAt DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree ORDER BY Version`;

/** The files that this program brings, in order. Throws an Error where their numbers have a gap or a statement takes away. */
export async function readMigrations(
  directory: string = fileURLToPath(new URL("./schema/", import.meta.url)),
): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
  const texts = await Promise.all(names.map((name) => readFile(`${directory}/${name}`, "utf8")));
  return names.map((name, index) => toMigration(name, texts[index] ?? "", index + 1));
}

/** Applies what is missing. Throws CLRK_PRECONDITION_FAILED where a file was changed after it was applied. */
export async function migrate(
  client: StoreClient,
  migrations: readonly Migration[],
): Promise<MigrationOutcome> {
  await client.command(createJournal);
  const rows = await client.query("SELECT Version, Name, Digest FROM clrk_migrations LIMIT 10000");
  const known = new Map(rows.map((row) => [Number(row["Version"]), String(row["Digest"])]));
  const applied: number[] = [];
  for (const { version, name, digest, statements } of migrations) {
    const before = known.get(version);
    if (before === digest) continue;
    if (before !== undefined) {
      const message = `Cannot use the telemetry store: its table was made by another "${name}"; use the program that made it, or another folder`;
      throw new ClrkError("CLRK_PRECONDITION_FAILED", message, { expose: message });
    }
    // A crash between these steps applies it again: every statement must bear that.
    for (const statement of statements) await client.command(statement);
    await client.insert({
      table: "clrk_migrations",
      columns: ["Version", "Name", "Digest"],
      lines: Buffer.from(`${JSON.stringify([version, name, digest])}\n`),
      token: `migration-${version}`,
    });
    applied.push(version);
  }
  const ours = new Set(migrations.map(({ version }) => version));
  return { applied, unknown: [...known.keys()].filter((version) => !ours.has(version)) };
}

function toMigration(name: string, text: string, version: number): Migration {
  if (Number.parseInt(name, 10) !== version) {
    throw new Error(`Cannot use migration "${name}": its place in the order is ${version}`);
  }
  const sql = text.replace(/^--.*$/gm, "");
  const statements = sql.split(/;\s*(?:\n|$)/).map((statement) => statement.trim());
  const all = statements.filter((statement) => statement !== "");
  for (const statement of all) {
    if (
      !/^(?:CREATE TABLE IF NOT EXISTS|ALTER TABLE \w+\s+(?:ADD \w+ IF NOT EXISTS|MODIFY SETTING))\s/.test(
        statement,
      )
    ) {
      const first = statement.slice(0, 60).replaceAll("\n", " ");
      throw new Error(`Cannot use migration "${name}": "${first}" does more than add`);
    }
  }
  const digest = createHash("sha256").update(all.join(";\n")).digest("hex");
  return { version, name, statements: all, digest };
}
