/** Tests that both ways into the process give records, whole when the engine's facts are there. */
import { open } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import type { LoggedAttempt } from "./access-log/attempt-line.ts";
import { AccessLogs } from "./access-logs.ts";
import { ManualClock } from "./clock.ts";
import { silentLogger } from "./log.ts";
import type { EgressRecord } from "./record.ts";
import { entryContext, pipeLine } from "./testdata/access-log.ts";
import { callFacts } from "./testdata/call-facts.ts";
import { eventually } from "./testdata/envoy-rig.ts";
import { attemptLineMark, fieldSeparator } from "./xds.ts";

type Health = ConstructorParameters<typeof AccessLogs>[0]["health"];

function createLogs(health: Health = { backendOf: () => null, note: () => {} }) {
  const clock = new ManualClock();
  const records: EgressRecord[] = [];
  const warned: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void warned.push(message) };
  const onRecord = (record: EgressRecord) => void records.push(record);
  const findContext = () => entryContext();
  const logs = new AccessLogs({
    clock,
    log,
    onRecord,
    findContext,
    prices: [],
    health,
  });
  return { clock, logs, records, warned };
}

/** Writes lines into a pipe as an Envoy does; resolves when they were read. */
async function writeLines(t: Test, logs: AccessLogs, lines: readonly string[]): Promise<void> {
  const pipe = await logs.openPipe(path.join(t.testdir(), "http.log"), () => entryContext());
  if (pipe === undefined) throw new Error("Wanted a pipe");
  t.teardown(() => pipe.close());
  const writer = await open(pipe.path, "r+");
  await writer.write(lines.map((line) => `${line}\n`).join(""));
  await eventually(() => (pipe.received === lines.length ? true : undefined));
  await writer.close();
}

t.test("openPipe() reads lines, those of the engine when their facts are there", async (t) => {
  const { logs, records } = createLogs();
  await writeLines(t, logs, [pipeLine({ engineId: "engine-1" }), pipeLine(), "nonsense"]);
  t.same(
    records.map(({ tier }) => tier),
    ["native"],
  );
  logs.addFacts([callFacts()]);
  t.match(records[1], { tier: "engine", usage: { inputTokens: 12 } });
  t.same(logs.losses, { unread: 1, incomplete: 0 });
});

t.test("close() makes records of what waits, and counts them", async (t) => {
  const { clock, logs, records } = createLogs();
  await writeLines(t, logs, [pipeLine({ engineId: "engine-1" })]);
  t.equal(records.length, 0);
  logs.close();
  t.match(records, [{ tier: "engine", model: null }]);
  t.same(logs.losses, { unread: 0, incomplete: 1 });
  t.equal(clock.pendingTimers, 0);
});

t.test("openPipe() gives none where there can be none, and says so", async (t) => {
  const { logs, warned } = createLogs();
  const missing = path.join(t.testdir(), "missing", "http.log");
  t.equal(await logs.openPipe(missing, () => entryContext()), undefined);
  t.same(warned, ["Cannot open the access log pipe: access logs are streamed, at more cost"]);
});

t.test("handlers are those of the access log service", async (t) => {
  t.type(createLogs().logs.handlers["streamAccessLogs"], "function");
});

const traceparent = `00-${"1".repeat(32)}-53995c3f42cd8ad8-01`;
const attemptText = (cluster: string, status: number) =>
  `${attemptLineMark}${[traceparent, cluster, "1000", "5", status, "-", "7"].join(fieldSeparator)}`;

t.test("openPipe() gives attempts to who judges them, and to their record", async (t) => {
  const noted: LoggedAttempt[] = [];
  const { logs, records } = createLogs({
    backendOf: (cluster) => ({ kind: "Backend", namespace: "default", name: cluster }),
    note: (logged) => void noted.push(logged),
  });
  await writeLines(t, logs, [
    attemptText("candidate/f/a", 503),
    attemptText("candidate/f/b", 200),
    pipeLine({ engineId: "engine-1" }),
  ]);
  const routing = {
    backend: { namespace: "default", name: "b" },
    provider: "openai",
    model: null,
    translation: null,
    dropped: [],
  };
  logs.addFacts([callFacts({ routing })]);
  t.match(noted, [
    { cluster: "candidate/f/a", attempt: { status: 503 }, retryAfter: "7" },
    { cluster: "candidate/f/b" },
  ]);
  t.match(records[0]?.routing?.attempts, [
    { backend: { name: "candidate/f/a" }, status: 503, startUnixMs: 1000 },
    { backend: { name: "candidate/f/b" }, status: 200 },
  ]);
  t.same(logs.losses, { unread: 0, incomplete: 0 });
});
