/** A real embedded store for tests, in a folder of its own that goes with the test. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep, systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { migrate, readMigrations } from "./migrations.ts";
import { StoreClient } from "./store-client.ts";
import { StoreProcess } from "./store-process.ts";

/** The part of a tap test that is used. */
export interface RigScope {
  teardown(callback: () => unknown): unknown;
}

/** A running store with its tables. */
export interface StoreRig {
  readonly directory: string;
  readonly process: StoreProcess;
  readonly client: StoreClient;
}

/** Why no embedded store can be had here, as a test's skip; undefined when it can. */
export function findStoreObstacle(): string | undefined {
  try {
    const require = createRequire(import.meta.url);
    const library = createRequire(require.resolve("chdb"));
    const name = `@chdb/lib-${process.platform}-${process.arch}`;
    const names = process.platform === "linux" ? [`${name}-gnu`] : [name];
    return names.some((candidate) => existsSync(library.resolve(`${candidate}/package.json`)))
      ? undefined
      : "needs chdb for this platform";
  } catch {
    return "needs the optional package chdb";
  }
}

/** Starts one; it ends with the test. */
export async function startStoreRig(scope: RigScope): Promise<StoreRig> {
  const directory = temporaryFolder(scope);
  const socket = join(directory, "store.sock");
  const store = new StoreProcess({
    directory: join(directory, "store"),
    socket,
    clock: systemClock,
    log: silentLogger,
  });
  scope.teardown(() => store.close());
  await store.start();
  const client = new StoreClient({ kind: "embedded", socket });
  scope.teardown(() => client.close());
  await migrate(client, await readMigrations());
  return { directory, process: store, client };
}

/** A new folder, removed when the test ends. */
export function temporaryFolder(scope: RigScope): string {
  const directory = mkdtempSync(join(tmpdir(), "clrk-t-"));
  scope.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Resolves when the condition is true; rejects after 30 s with what was awaited. */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`Cannot see ${what}: still absent after 30 s`);
    await sleep(systemClock, 10);
  }
}
