/** The telemetry store in trouble: full disk, kills of everybody under load, queries that want all memory. Nothing acknowledged is lost. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { openTelemetry } from "../../control/telemetry/open-telemetry.ts";
import type { Telemetry, TelemetryOptions } from "../../control/telemetry/open-telemetry.ts";
import { StoreClient } from "../../control/telemetry/store-client.ts";
import { findStoreObstacle } from "../../control/telemetry/store-rig.ts";
import { appendRecords } from "../../control/telemetry/testdata/sample-records.ts";
import { systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { findMountObstacle, mountMemory } from "../harness/own-mount.ts";
import { RunningProcess, temporaryDirectory, waitUntil } from "../harness/processes.ts";
import type { TestScope } from "../harness/processes.ts";
import { followUnderRestarts } from "../load/follow-run.ts";

const noStore = findStoreObstacle();
const skip = noStore === undefined ? {} : { skip: noStore };
const noMount = noStore ?? findMountObstacle(t);
const skipDisk = noMount === undefined ? {} : { skip: noMount };
const mebibyte = 1024 * 1024;
const memoryCapBytes = 600 * mebibyte;

async function open(
  scope: TestScope,
  directory: string,
  changes: Partial<TelemetryOptions> = {},
): Promise<Telemetry> {
  const telemetry = await openTelemetry({
    directory: join(directory, "t"),
    recordsDirectory: join(directory, "records"),
    clock: systemClock,
    log: silentLogger,
    intervalMs: 50,
    memoryCapBytes,
    ...changes,
  });
  scope.teardown(() => telemetry.close());
  return telemetry;
}

async function countRows(
  directory: string,
): Promise<{ readonly all: number; readonly ids: number }> {
  const client = new StoreClient({ kind: "embedded", socket: join(directory, "t", "store.sock") });
  try {
    const [row] = await client.query(
      "SELECT count() AS n, uniqExact(if(RecordId = '', SpanId, RecordId)) AS ids FROM otel_traces",
    );
    return { all: Number(row?.["n"]), ids: Number(row?.["ids"]) };
  } finally {
    await client.close();
  }
}

for (const reservedBytes of [64 * mebibyte, 0]) {
  const name = reservedBytes === 0 ? "to the last byte" : "to what is reserved";
  t.test(
    `a disk that is full ${name} stops storing, and room lets it go on`,
    skipDisk,
    async (t) => {
      const directory = temporaryDirectory(t);
      const disk = temporaryDirectory(t);
      mountMemory(t, disk, { size: "160m" });
      const telemetry = await open(t, directory, { directory: join(disk, "t"), reservedBytes });
      const records = join(directory, "records");
      appendRecords(records, 0, 1_000);
      await telemetry.flush();
      t.equal(telemetry.status.writer?.storedRows, 1_000);
      const ballast = join(disk, "ballast");
      try {
        writeFileSync(ballast, Buffer.alloc(158 * mebibyte));
      } catch {
        // what there was room for is written
      }
      appendRecords(records, 1_000, 6_000);
      await waitUntil(() => telemetry.status.writer?.state !== "working", {
        deadlineMs: 30_000,
        what: "a writer that waits",
      });
      t.match(telemetry.status.writer, { state: "disk-full", storedRows: 1_000 });
      rmSync(ballast);
      await waitUntil(() => telemetry.status.writer?.state === "working", {
        deadlineMs: 30_000,
        what: "a writer that stores again",
      });
      await telemetry.flush();
      t.same(await countRows(disk), { all: 6_000, ids: 6_000 });
      t.match(telemetry.status, {
        writer: { quarantine: { rows: 0 } },
        records: { lostBytes: 0, malformedLines: 0 },
      });
    },
  );
}

t.test(
  "followers miss none of 20,000 records while the store and the control process are killed",
  { ...skip, timeout: 240_000 },
  async (t) => {
    const { followers, kills, peakBytes, droppedByFile, log } = await followUnderRestarts({
      home: join(temporaryDirectory(t), "h"),
      records: 20_000,
      perSecond: 5_000,
      kills: 1,
      seed: 7,
    });
    t.same({ kills, droppedByFile }, { kills: { store: 1, control: 1 }, droppedByFile: 0 });
    for (const { name, seen, missed, repeated, disordered, failure } of followers) {
      const all = { seen: 20_000, missed: 0, repeated: 0, disordered: 0, failure: undefined };
      t.same({ seen, missed, repeated, disordered, failure }, all, `${name}: ${log}`);
    }
    t.ok(peakBytes > 0 && peakBytes <= memoryCapBytes, `${peakBytes} bytes at most`);
  },
);

t.test("kills of the control process lose nothing that was acknowledged", skip, async (t) => {
  const directory = temporaryDirectory(t);
  const records = join(directory, "records");
  let appended = 0;
  let acknowledged = 0;
  for (let life = 0; life < 3; life++) {
    const child = startControl(t, directory);
    const port = await portOf(child);
    for (let piece = 0; piece < 8; piece++) {
      appendRecords(records, appended, appended + 500);
      appended += 500;
      if (await postSpan(port, acknowledged)) acknowledged++;
    }
    // In the middle of what it does.
    child.signal("SIGKILL");
    await child.exited;
  }
  const telemetry = await open(t, directory);
  await waitUntil(() => telemetry.status.state === "ready", {
    deadlineMs: 60_000,
    what: "the store of the process that was killed",
  });
  await telemetry.flush();
  t.equal(acknowledged, 24);
  t.same(await countRows(directory), {
    all: appended + acknowledged,
    ids: appended + acknowledged,
  });
});

t.test("memory stays below its cap whatever is asked and stored", skip, async (t) => {
  const directory = temporaryDirectory(t);
  const telemetry = await open(t, directory);
  const client = new StoreClient({ kind: "embedded", socket: join(directory, "t", "store.sock") });
  t.teardown(() => client.close());
  const pid = telemetry.status.process?.pid;
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytes(pid ?? 0));
  }, 50);
  t.teardown(() => clearInterval(timer));
  const greedy = [
    "SELECT length(groupArray(number)) FROM numbers(50000000)",
    "SELECT uniqExact(number) FROM numbers(50000000)",
    "SELECT number FROM numbers(20000000) ORDER BY cityHash64(number) LIMIT 1 OFFSET 19999990",
  ];
  const asking = (async () => {
    for (let turn = 0; turn < 9; turn++) {
      const sql = greedy[turn % greedy.length] ?? "";
      // Refused or answered: either is fine.
      await client.query(sql).catch(() => {});
    }
  })();
  for (let piece = 0; piece < 20; piece++) {
    appendRecords(join(directory, "records"), piece * 1_000, piece * 1_000 + 1_000);
    await telemetry.flush();
  }
  await asking;
  t.equal(telemetry.status.process?.pid, pid, "it was not started again");
  t.ok(peak > 0 && peak < memoryCapBytes, `at most ${Math.round(peak / mebibyte)} MiB`);
  t.same(await countRows(directory), { all: 20_000, ids: 20_000 });
});

/** A process that does nothing but telemetry, and says its receiver's port. */
function startControl(scope: TestScope, directory: string): RunningProcess {
  const module = new URL("../../control/telemetry/open-telemetry.ts", import.meta.url);
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const agent = { namespace: "default", kind: "TaskAgent", name: "own", uid: "", revision: "" };
  const script = `
    import { openTelemetry } from ${JSON.stringify(module.href)};
    import { systemClock } from ${JSON.stringify(new URL("gateway/clock.ts", `file://${root}`).href)};
    import { silentLogger } from ${JSON.stringify(new URL("gateway/log.ts", `file://${root}`).href)};
    const telemetry = await openTelemetry({
      directory: ${JSON.stringify(join(directory, "t"))},
      recordsDirectory: ${JSON.stringify(join(directory, "records"))},
      clock: systemClock, log: silentLogger, intervalMs: 20,
      receiver: { port: 0, authenticate: () => ({
        agent: ${JSON.stringify({ ...agent, invocationId: "" })}, gateway: "default/egress", component: "agent",
      }) },
    });
    console.log(telemetry.status.receiver.address.split(":")[1]);
    process.stdin.resume();
    setInterval(() => {}, 1000);`;
  const child = new RunningProcess({
    command: process.execPath,
    arguments: ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script],
  });
  scope.teardown(() => child.close());
  return child;
}

async function portOf(child: RunningProcess): Promise<number> {
  await child.waitUntilReady(({ stdout }) => stdout.endsWith("\n"), {
    deadlineMs: 60_000,
    what: "the port of the receiver",
  });
  return Number(child.stdout);
}

async function postSpan(port: number, number: number): Promise<boolean> {
  const span = {
    traceId: "a".repeat(32),
    spanId: (number + 1).toString(16).padStart(16, "0"),
    name: "own",
  };
  const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { authorization: "Bearer x", "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  });
  return response.ok;
}

function residentBytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes ?? 0) * 1_024;
}
