/** Tests of the log of a session. */
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import {
  openSessionLog,
  sessionLogDirectory,
  sessionLogKey,
  tryParseLoggedLine,
} from "./session-log.ts";
import { createFakeContext } from "./testdata/fake-context.ts";

t.test("openSessionLog() keeps lines for their owner alone, with who said them", async (t) => {
  const { home, now } = await createFakeContext(t);
  const log = openSessionLog(home, now);
  log.write("gateway", '{"level":"warn","message":"odd"}');
  log.write("control", "x".repeat(20_000));
  await log.close();
  const file = join(sessionLogDirectory(home), "dev.jsonl");
  t.equal((await stat(file)).mode & 0o777, 0o600);
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n").map(tryParseLoggedLine);
  t.same(lines[0], {
    time: "2026-11-24T00:06:00.000Z",
    process: "gateway",
    line: '{"level":"warn","message":"odd"}',
  });
  t.equal(lines[1]?.line.length, 16_384);
});

t.test("openSessionLog() keeps four files at most", async (t) => {
  const { home, now } = await createFakeContext(t);
  for (let round = 0; round < 12; round++) {
    const log = openSessionLog(home, now);
    for (let count = 0; count < 60; count++) log.write("gateway", "x".repeat(16_000));
    await log.close();
  }
  const names = await readdir(sessionLogDirectory(home));
  t.ok(names.length > 1 && names.length <= 4, names.join());
  t.ok(names.every((name) => sessionLogKey(name) !== undefined));
});

t.test("sessionLogKey() orders files by their time, and knows no others", async (t) => {
  const older = sessionLogKey("dev-20261124T000600000Z.jsonl") ?? "";
  t.ok(older < (sessionLogKey("dev.jsonl") ?? ""));
  for (const name of ["dev.json", "records.jsonl", "dev-1.jsonl", "xdev.jsonl"]) {
    t.equal(sessionLogKey(name), undefined, name);
  }
});

t.test("tryParseLoggedLine() takes nothing else", async (t) => {
  for (const text of [
    "",
    "{",
    "null",
    '{"time":"x","line":"y"}',
    '{"time":1,"process":"control"}',
  ]) {
    t.equal(tryParseLoggedLine(text), undefined, text);
  }
});
