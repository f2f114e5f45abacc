import { existsSync, mkdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { systemClock } from "./clock.ts";
import { silentLogger } from "./log.ts";
import { spoolFolder } from "./otlp-spool-folders.ts";
import { SpoolOwners } from "./spool-owners.ts";

const folder = spoolFolder({ namespace: "a", name: "egress", endpoint: "https://one.test" });

function setUp(test: Test) {
  const directory = test.testdir();
  const failures: unknown[] = [];
  const log = { ...silentLogger, error: (...said: unknown[]) => failures.push(said) };
  const spools = new SpoolOwners({ directory, maxBytes: 7, clock: systemClock, log });
  mkdirSync(join(directory, folder, "traces"), { recursive: true });
  return { directory, spools, failures };
}

t.test("the next owner of a folder waits for the one before", async (t) => {
  const { directory, spools } = setUp(t);
  t.same(spools.spool(folder), { directory: join(directory, folder), maxBytes: 7 });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  spools.giveUp({ label: "one", folder, isWanted: true, ended });
  const after = spools.spool(folder)?.after;
  const order: string[] = [];
  const waited = after?.then(() => order.push("next"));
  order.push("before");
  resolve();
  await waited;
  t.same(order, ["before", "next"]);
  t.equal(existsSync(join(directory, folder)), true, "what waits there is the next one's");
  t.equal(spools.spool(folder)?.after, undefined);
});

t.test("a folder that nobody wants is removed once it is given up", async (t) => {
  const { directory, spools } = setUp(t);
  spools.giveUp({ label: "one", folder, isWanted: false, ended: Promise.resolve() });
  await spools.settled();
  t.equal(existsSync(join(directory, folder)), false);
});

t.test("an owner that fails to end is told of, and holds up nobody", async (t) => {
  const { spools, failures } = setUp(t);
  spools.giveUp({ label: "one", folder, isWanted: true, ended: Promise.reject(new Error("x")) });
  await spools.settled();
  t.same(failures, [["Cannot end a receiver", { label: "one", error: "x" }]]);
});

t.test("clean() removes once what a process before left", async (t) => {
  const { directory, spools } = setUp(t);
  const other = spoolFolder({ namespace: "a", name: "other", endpoint: "https://one.test" });
  mkdirSync(join(directory, other));
  const long = new Date(Date.now() - 2 * 24 * 60 * 60_000);
  for (const one of [join(folder, "traces"), folder, other]) {
    utimesSync(join(directory, one), long, long);
  }
  spools.clean(new Set([folder]));
  spools.clean(new Set());
  while (existsSync(join(directory, other))) await new Promise((resolve) => setImmediate(resolve));
  t.equal(existsSync(join(directory, folder)), true, "it is wanted, and the second time is none");
});

t.test("without a directory nothing is spooled", async (t) => {
  const spools = new SpoolOwners({ maxBytes: 7, clock: systemClock, log: silentLogger });
  t.equal(spools.spool(folder), undefined);
  spools.clean(new Set());
  spools.giveUp({ label: "one", folder, isWanted: false, ended: Promise.resolve() });
  await spools.settled();
});
