/** What `clrk dev` holds while nothing happens: it is to run all day beside an agent on a laptop. */
import { join } from "node:path";
import t from "tap";
import { findFreshBuild } from "../../bin/build-stamp.mjs";
import { temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { openIdleDev } from "../load/idle-dev.ts";

const repository = join(import.meta.dirname, "../..");

/**
 * In `MiB` of RSS, with head room above what `npm run bench -- idle` shows. From sources, without a build of them, every
 * process holds them and what strips their types as well.
 */
const mostMib = findFreshBuild(repository) !== undefined ? 275 : 450;

t.test("clrk dev is ready, and holds little memory when nothing happens", async (test) => {
  const root = temporaryDirectory(test);
  const dev = await openIdleDev({ repository, home: join(root, "h"), cache: join(root, "c") });
  test.teardown(() => dev.stop());
  test.comment(`ready after ${Math.round(dev.readyMs)} ms`);
  const counted = () => dev.memory().filter(({ counts }) => counts);
  const sum = () => counted().reduce((total, { rssMib }) => total + rssMib, 0);
  test.same(
    counted()
      .map(({ name }) => name)
      .sort(),
    ["control", "dev", "gateway"],
  );
  test.ok(dev.memory().some(({ name }) => name === "envoy"));
  // What the start has left is given back a moment later.
  await waitUntil(() => sum() <= mostMib, {
    deadlineMs: 12_000,
    what: `at most ${mostMib} MiB, of ${Math.round(sum())} after the start`,
    intervalMs: 250,
  });
  for (const { name, rssMib } of counted()) test.comment(`${name} ${Math.round(rssMib)} MiB`);
  test.ok(sum() <= mostMib, `${Math.round(sum())} MiB`);
});
