/** `clrk dev logs`, of sessions that are over and of one that goes on. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import t from "tap";
import { openSessionLog, sessionLogDirectory } from "../session-log.ts";
import { createFakeContext, until } from "../testdata/fake-context.ts";

t.test("devLogs() shows the newest lines, and goes on", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("dev", "logs"), 0);
  t.equal(context.stderr(), "Nothing was said: no warnings, no errors\n");
  const log = openSessionLog(context.home, context.now);
  log.write("gateway", '{"time":"x","level":"warn","message":"Something odd","where":"here"}');
  log.write("control", "TypeError: x\u001b[2J");
  await log.close();
  t.equal(await context.clrk("dev", "logs"), 0);
  t.match(context.stdout().split("\n"), [
    /^2026-11-2\d \d\d:06:00\.000 {2}gateway {2}Warning: Something odd \(where=here\)$/,
    /^2026-11-2\d \d\d:06:00\.000 {2}control {2}TypeError: x\\x1b\[2J$/,
    "",
  ]);
  t.equal(await context.clrk("dev", "logs", "--component", "gateway", "-o", "json"), 0);
  t.same(JSON.parse(context.stdout()), {
    time: "2026-11-24T00:06:00.000Z",
    process: "gateway",
    level: "warn",
    message: "Something odd",
    where: "here",
  });
  const code = context.clrk("dev", "logs", "-f", "--tail", "1");
  await until(() => context.stdout().includes("control"), context.stdout);
  t.notMatch(context.stdout(), "odd");
  const next = openSessionLog(context.home, context.now);
  next.write("gateway", '{"level":"error","message":"Worse"}');
  await next.close();
  await until(() => context.stdout().includes("Worse"), context.stdout);
  context.interrupt("SIGINT");
  t.equal(await code, 0);
  t.equal(context.stdout().split("Worse").length, 2, "once");
});

t.test("devLogs() says what to do where the log cannot be read", async (t) => {
  const context = await createFakeContext(t);
  const folder = sessionLogDirectory(context.home);
  mkdirSync(dirname(folder), { recursive: true });
  writeFileSync(folder, "");
  t.equal(await context.clrk("dev", "logs"), 1);
  t.match(
    context.stderr(),
    /^clrk: Cannot read what was said, in "\S+logs": ENOTDIR.*\nSee whose it is: .*\n$/,
  );
});
