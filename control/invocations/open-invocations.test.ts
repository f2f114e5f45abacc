import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { encodeEvent } from "./event-codec.ts";
import { openInvocations } from "./open-invocations.ts";
import { invocationEvent, invocationId } from "./testdata/invocation-event.ts";
import { modelCallRecord } from "./testdata/invocation-record.ts";

t.test("what is told of an invocation is an object, over restarts", async (t) => {
  const home = await mkdtemp(path.join(tmpdir(), "clrk-invocations-"));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  const [directory, recordsDirectory] = [path.join(home, "own"), path.join(home, "records")];
  await mkdir(recordsDirectory);
  const open = () =>
    openInvocations({
      ...{ directory, recordsDirectory },
      ...{ clock: systemClock, logger: silentLogger },
    });
  const first = await open();
  t.teardown(() => first.close());
  const stop = new AbortController();
  const news = first.source.watch({ from: "now", signal: stop.signal });
  const next = async () => {
    const { value } = await news.next();
    return value?.kind === "change" ? [value.type, value.object.status.phase] : value;
  };
  await first.log.append(invocationEvent(1, "Running"));
  t.strictSame(await next(), ["ADDED", "Running"]);
  first.addRecords([modelCallRecord(1, "rec-1")]);
  t.strictSame(await next(), ["MODIFIED", "Running"]);
  // As a gateway writes it.
  await writeFile(
    path.join(recordsDirectory, "invocations.jsonl"),
    `${encodeEvent(invocationEvent(1, "Succeeded", { exitCode: 0 }))}\n`,
  );
  t.strictSame(await next(), ["MODIFIED", "Succeeded"]);
  stop.abort();
  t.match(first.status(), { store: { invocations: 1 }, feed: { taken: 1, failure: "" } });
  t.equal((await stat(directory)).mode & 0o777, 0o700);
  await t.rejects(open(), { code: "CLRK_STORAGE_FAILED" }, "one process at a time");
  await first.close();
  const second = await open();
  t.teardown(() => second.close());
  t.match(second.source.get("default", invocationId(1)), {
    status: { phase: "Succeeded", exitCode: 0, usage: { requests: 1, inputTokens: 100 } },
  });
});

t.test("where NATS does not answer, nothing is left open", async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), "clrk-invocations-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const options = { directory, clock: systemClock, logger: silentLogger };
  const nats = { servers: ["nats://127.0.0.1:1"] };
  await t.rejects(openInvocations({ ...options, nats }), { code: "CLRK_UNAVAILABLE" });
  const opened = await openInvocations(options);
  await opened.close();
});
