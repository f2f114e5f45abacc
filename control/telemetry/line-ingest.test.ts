/** Tests of storing files of lines: each once, in order, over rotations, refusals and kills. */
import { appendFileSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { isOpenRecordFile, recordFileKey } from "../record-file-key.ts";
import { readPosition } from "./ingest-position.ts";
import { LineIngest } from "./line-ingest.ts";
import type { LineIngestOptions } from "./line-ingest.ts";
import { temporaryFolder, until } from "./store-rig.ts";
import type { RigScope } from "./store-rig.ts";
import type { RowBatch, WriteOutcome } from "./writer.ts";

interface Sent {
  readonly rows: readonly string[];
  readonly sequence: bigint | undefined;
}

/** Takes rows as the writer does; `outcomes` are given first. */
function takingRows(outcomes: readonly WriteOutcome["kind"][] = []) {
  const sent: Sent[] = [];
  const left = [...outcomes];
  let next = 100n;
  const write = async (batch: RowBatch): Promise<WriteOutcome> => {
    const kind = left.shift() ?? "stored";
    if (kind === "full") return { kind };
    const first = batch.sequence ?? next;
    next = first + BigInt(batch.rows.length);
    await batch.onReserved?.(first);
    sent.push({ rows: batch.rows, sequence: batch.sequence });
    if (kind === "closed") return { kind };
    return { kind, first, rows: batch.rows.length, quarantined: 0 };
  };
  return { sent, write, rows: () => sent.flatMap(({ rows }) => rows) };
}

async function ingest(
  scope: RigScope,
  directory: string,
  changes: Pick<LineIngestOptions, "writer"> & Partial<LineIngestOptions>,
): Promise<LineIngest> {
  const reader = new LineIngest({
    name: "test",
    directory,
    keyOf: (name) => (name.endsWith(".jsonl") ? name : undefined),
    positionPath: join(directory, "position.json"),
    table: "otel_traces",
    encode: (line) => (line.startsWith("{") ? line : undefined),
    clock: systemClock,
    log: silentLogger,
    intervalMs: 5,
    ...changes,
  });
  scope.teardown(() => reader.close());
  await reader.open();
  await reader.recover();
  reader.start();
  return reader;
}

t.test("lines are stored once, over a rotation and a restart", async (t) => {
  const directory = temporaryFolder(t);
  const path = join(directory, "z.jsonl");
  const writer = takingRows();
  writeFileSync(path, "{1}\n{2}\nhalf");
  const first = await ingest(t, directory, { writer });
  await first.flush();
  t.same(writer.rows(), ["{1}", "{2}"]);
  renameSync(path, join(directory, "a.jsonl"));
  writeFileSync(path, "{4}\n");
  appendFileSync(join(directory, "a.jsonl"), "{3}\n");
  await first.flush();
  t.match(first.status, { storedLines: 3, malformedLines: 1, lostBytes: 0 });
  await first.close();
  const again = takingRows();
  const second = await ingest(t, directory, { writer: again });
  appendFileSync(path, "{5}\n");
  await second.flush();
  t.same(writer.rows(), ["{1}", "{2}", "{4}"], "the line was finished by another text");
  t.same(again.rows(), ["{5}"]);
});

t.test("a batch of which nobody knows is sent again as it was", async (t) => {
  const directory = temporaryFolder(t);
  writeFileSync(join(directory, "a.jsonl"), "{1}\n{2}\n");
  const killed = takingRows(Array(100).fill("closed"));
  const first = await ingest(t, directory, { writer: killed });
  await first.flush();
  await first.close();
  t.match(await readPosition(join(directory, "position.json")), {
    pending: { start: 0, end: 8, sequence: "100" },
    lastSequence: 101n,
  });
  appendFileSync(join(directory, "a.jsonl"), "{3}\n");
  const writer = takingRows();
  const second = await ingest(t, directory, { writer });
  await second.flush();
  t.same(writer.sent, [
    { rows: ["{1}", "{2}"], sequence: 100n },
    { rows: ["{3}"], sequence: undefined },
  ]);
});

t.test("a full writer is asked again", async (t) => {
  const directory = temporaryFolder(t);
  writeFileSync(join(directory, "a.jsonl"), "{1}\n");
  const writer = takingRows(["full", "full"]);
  const reader = await ingest(t, directory, { writer });
  await reader.flush();
  t.same(writer.rows(), ["{1}"]);
});

t.test("an older file is stored to its end before a newer one is begun", async (t) => {
  const directory = temporaryFolder(t);
  const writer = takingRows();
  for (const name of ["a", "b"]) {
    const lines = [1, 2, 3, 4, 5].map((line) => `{${name}${line}}\n`);
    writeFileSync(join(directory, `${name}.jsonl`), lines.join(""));
  }
  const reader = await ingest(t, directory, { writer, maxBatchBytes: 10 });
  await reader.flush();
  t.same(
    writer.rows(),
    ["a", "b"].flatMap((name) => [1, 2, 3, 4, 5].map((line) => `{${name}${line}}`)),
  );
});

t.test("files of a spool go when they are read, but for the last", async (t) => {
  const directory = temporaryFolder(t);
  const removed: number[] = [];
  writeFileSync(join(directory, "1.jsonl"), "{1}\n{cut");
  writeFileSync(join(directory, "2.jsonl"), "{2}\n");
  const writer = takingRows();
  const onRemoved = (bytes: number) => removed.push(bytes);
  const reader = await ingest(t, directory, { writer, onRemoved });
  await reader.flush();
  await reader.flush();
  t.same(writer.rows(), ["{1}", "{2}"]);
  t.same(removed, [8]);
  t.notOk(existsSync(join(directory, "1.jsonl")));
  t.ok(existsSync(join(directory, "2.jsonl")));
  t.equal(reader.status.lostBytes, 4, "half a line that nobody will finish");
});

t.test("what comes and goes while the store is away is counted", async (t) => {
  const directory = temporaryFolder(t);
  const file = (name: string) => join(directory, `${name}.jsonl`);
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const taking = takingRows();
  const writer = {
    write: async (batch: RowBatch) => {
      await held;
      return taking.write(batch);
    },
  };
  writeFileSync(file("a"), "{1}\n");
  const reader = await ingest(t, directory, { writer });
  const waits = (bytes: number) =>
    until(() => reader.status.waitingBytes === bytes, `${bytes} bytes that wait`);
  await waits(4);
  writeFileSync(file("b"), "{2}\n{3}\n");
  await waits(12);
  appendFileSync(file("a"), "{4}\n");
  await waits(16);
  // Rotated away: of the first its first line is on its way.
  rmSync(file("b"));
  rmSync(file("a"));
  writeFileSync(file("c"), "{5}\n");
  await waits(4);
  t.equal(reader.status.lostBytes, 12);
  release();
  await reader.flush();
  t.same(taking.rows(), ["{1}", "{5}"]);
  t.match(reader.status, { lostBytes: 12, waitingBytes: 0, storedLines: 2 });
});

t.test("what was deleted before it was read is counted", async (t) => {
  const directory = temporaryFolder(t);
  writeFileSync(join(directory, "a.jsonl"), "{1}\n{unfinished");
  const reader = await ingest(t, directory, { writer: takingRows() });
  await reader.flush();
  t.equal(reader.status.waitingBytes, 11);
  rmSync(join(directory, "a.jsonl"));
  await reader.flush();
  t.match(reader.status, { lostBytes: 11, waitingBytes: 0 });
});

t.test("a gateway that writes much does not keep the records of another one waiting", async (t) => {
  const directory = temporaryFolder(t);
  const loud = join(directory, "records-1.jsonl");
  let line = 0;
  const write = () => appendFileSync(loud, `{a${line++}}\n{a${line++}}\n`);
  const taking = takingRows();
  const writer = {
    write: async (batch: RowBatch) => {
      // It is as fast as we are, for a while.
      if (line < 200) write();
      return taking.write(batch);
    },
  };
  for (let time = 0; time < 5; time++) write();
  writeFileSync(join(directory, "records-2.jsonl"), "{b}\n");
  const reader = await ingest(t, directory, {
    ...{ writer, maxBatchBytes: 12, keyOf: recordFileKey, isOpenEnded: isOpenRecordFile },
  });
  await reader.flush();
  const at = taking.rows().indexOf("{b}");
  t.ok(at >= 0 && at < 10, `${at} of ${taking.rows().length}`);
});
