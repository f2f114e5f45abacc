/** Tests of the record file: on the real file system for what it writes, on a broken one for what it survives. */
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ManualClock } from "./clock.ts";
import { silentLogger } from "./log.ts";
import type { Logger } from "./log.ts";
import { RecordFile } from "./record-file.ts";
import type { RecordFileOptions } from "./record-file-options.ts";
import { nodeFileSystem } from "./record-file-system.ts";
import type { AppendFile, RecordFileSystem } from "./record-file-system.ts";
import { httpRecord } from "./testdata/egress-record.ts";

function setUp(directory: string, options: Partial<RecordFileOptions> = {}) {
  const clock = new ManualClock();
  const logged: string[] = [];
  const keep = (message: string) => void logged.push(message);
  const log: Logger = { ...silentLogger, info: keep, warn: keep, error: keep };
  return { clock, logged, file: new RecordFile({ directory, clock, log, ...options }) };
}

function idsIn(path: string): string[] {
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).id);
}

function record(id: string, path = "/") {
  return httpRecord({ id, request: { ...httpRecord().request, path } });
}

const lineBytes = Buffer.byteLength(`${JSON.stringify(record("1"))}\n`);

interface Fault {
  /** Bytes that the disk still takes; undefined has no end */
  space?: number;
  /** Thrown by the operation of that name */
  fail?: { operation: string; code: string };
  /** Largest write that is taken at once */
  chunk?: number;
  /** Held by every write until it resolves */
  hang?: Promise<void>;
  writes: number;
}

function brokenFileSystem(fault: Fault): RecordFileSystem {
  const check = (operation: string) => {
    if (fault.fail?.operation !== operation) return;
    const { code } = fault.fail;
    throw Object.assign(new Error(`${code}: simulated`), { code });
  };
  const breakFile = (file: AppendFile): AppendFile => ({
    ...file,
    write: async (bytes) => {
      fault.writes++;
      await fault.hang;
      check("write");
      const count = Math.min(
        bytes.length,
        fault.chunk ?? bytes.length,
        fault.space ?? bytes.length,
      );
      if (count === 0)
        throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
      if (fault.space !== undefined) fault.space -= count;
      return file.write(bytes.subarray(0, count));
    },
    truncate: async (size) => {
      check("truncate");
      await file.truncate(size);
    },
  });
  return {
    ...nodeFileSystem,
    openAppend: async (path) => {
      check("openAppend");
      return breakFile(await nodeFileSystem.openAppend(path));
    },
    rename: async (from, to) => {
      check("rename");
      await nodeFileSystem.rename(from, to);
    },
    remove: async (path) => {
      check("remove");
      await nodeFileSystem.remove(path);
    },
  };
}

/** Lets the timers that are armed now fire, and waits for what they started. */
async function tick(clock: ManualClock, file: RecordFile, ms: number) {
  clock.advance(ms);
  await file.flush();
}

t.test(
  "add() makes no file before the flush interval and one write for all records after it",
  async (t) => {
    const directory = join(t.testdir(), "records");
    const fault: Fault = { writes: 0 };
    const { clock, file } = setUp(directory, { fileSystem: brokenFileSystem(fault) });
    for (let id = 0; id < 50; id++) file.add(record(String(id)));
    clock.advance(99);
    t.throws(() => statSync(directory), { code: "ENOENT" });
    t.equal(file.status.bufferedBytes > 0, true);
    clock.advance(1);
    await file.flush();
    t.equal(fault.writes, 1);
    t.equal(idsIn(join(directory, "records.jsonl")).length, 50);
    t.match(file.status, {
      state: "working",
      writtenRecords: 50,
      droppedRecords: 0,
      bufferedBytes: 0,
    });
    t.equal(clock.pendingTimers, 0);
    await file.close();
  },
);

t.test("add() keeps directory and file to their owner", async (t) => {
  const directory = join(t.testdir(), "records");
  const { file, logged } = setUp(directory);
  file.add(record("1"));
  await file.close();
  t.equal(statSync(directory).mode & 0o777, 0o700);
  t.equal(statSync(join(directory, "records.jsonl")).mode & 0o777, 0o600);
  t.same(logged, []);
});

t.test("add() warns once when others may enter the directory", async (t) => {
  const directory = t.testdir();
  chmodSync(directory, 0o755);
  const { file, logged } = setUp(directory, { maxFileBytes: 1 });
  for (const id of ["1", "2", "3"]) {
    file.add(record(id));
    await file.flush();
  }
  await file.close();
  t.same(logged, ["Directory of records is open to others"]);
});

t.test("add() writes text that is not ASCII with its byte count", async (t) => {
  const directory = t.testdir();
  const { file } = setUp(directory);
  file.add(record("\u00e9\ud83d\udca5"));
  await file.close();
  const path = join(directory, "records.jsonl");
  t.same(idsIn(path), ["\u00e9\ud83d\udca5"]);
  t.equal(file.status.writtenBytes, statSync(path).size);
});

t.test(
  "a restarted process appends to the file, behind half a line that a crash left",
  async (t) => {
    const directory = t.testdir({ "records.jsonl": '{"id":"old"}\n{"id":"ha' });
    const { file } = setUp(directory);
    file.add(record("new"));
    await file.close();
    const lines = readFileSync(join(directory, "records.jsonl"), "utf8").split("\n");
    t.same(lines.slice(0, 2), ['{"id":"old"}', '{"id":"ha']);
    t.match(JSON.parse(lines[2] ?? ""), { id: "new" });
    t.equal(lines[3], "");
  },
);

t.test("the file is rotated by size, and only the newest files stay", async (t) => {
  const directory = t.testdir({ "records-notes.jsonl": "", "other-20250101T000000000Z.jsonl": "" });
  const { clock, file } = setUp(directory, { maxFileBytes: lineBytes * 2, maxFiles: 3 });
  for (let id = 0; id < 9; id++) {
    file.add(record(String(id)));
    await file.flush();
    clock.advance(1_000);
  }
  await file.close();
  const names = readdirSync(directory).sort();
  t.same(names, [
    "other-20250101T000000000Z.jsonl",
    "records-20260101T000006000Z.jsonl",
    "records-20260101T000008000Z.jsonl",
    "records-notes.jsonl",
    "records.jsonl",
  ]);
  t.same(idsIn(join(directory, "records-20260101T000006000Z.jsonl")), ["4", "5"]);
  t.same(idsIn(join(directory, "records.jsonl")), ["8"]);
  t.match(file.status, { rotations: 4, writtenRecords: 9, droppedRecords: 0 });
});

t.test("rotation in one millisecond overwrites no file", async (t) => {
  const directory = t.testdir();
  const { file } = setUp(directory, { maxFileBytes: 1 });
  for (const id of ["1", "2", "3", "4"]) {
    file.add(record(id));
    await file.flush();
  }
  await file.close();
  t.same(
    readdirSync(directory)
      .sort()
      .map((name) => idsIn(join(directory, name))),
    [["1"], ["2"], ["3"], ["4"]],
  );
});

t.test("the file is rotated by age when a record comes", async (t) => {
  const directory = t.testdir();
  const { clock, file } = setUp(directory, { maxFileAgeMs: 60_000 });
  file.add(record("1"));
  await file.flush();
  clock.advance(59_999);
  file.add(record("2"));
  await file.flush();
  t.equal(file.status.rotations, 0);
  clock.advance(1);
  await file.flush();
  t.equal(file.status.rotations, 0);
  file.add(record("3"));
  await file.close();
  t.equal(file.status.rotations, 1);
  t.same(idsIn(join(directory, "records.jsonl")), ["3"]);
});

t.test("a record larger than a file is written alone", async (t) => {
  const directory = t.testdir();
  const { file } = setUp(directory, { maxFileBytes: 100 });
  file.add(record("1", "/".padEnd(5_000, "x")));
  await file.close();
  t.match(file.status, { writtenRecords: 1, rotations: 0 });
});

t.test("add() drops and counts what the buffer cannot hold", async (t) => {
  const { file } = setUp(t.testdir(), { maxBufferedBytes: lineBytes * 2 });
  for (const id of ["1", "2", "3", "4"]) file.add(record(id));
  t.match(file.status, { droppedRecords: 2, bufferedBytes: lineBytes * 2 });
  await file.close();
  t.equal(file.status.writtenRecords, 2);
});

t.test("short writes are completed", async (t) => {
  const directory = t.testdir();
  const { file } = setUp(directory, { fileSystem: brokenFileSystem({ chunk: 100, writes: 0 }) });
  file.add(record("1"));
  file.add(record("2"));
  await file.close();
  t.same(idsIn(join(directory, "records.jsonl")), ["1", "2"]);
});

t.test(
  "a full disk is reported, loses only what the buffer cannot hold, and is used again when space is back",
  async (t) => {
    const directory = join(t.testdir(), "records");
    const fault: Fault = { space: lineBytes * 1.5, writes: 0 };
    const { clock, file, logged } = setUp(directory, {
      fileSystem: brokenFileSystem(fault),
      maxBufferedBytes: lineBytes * 3,
    });
    for (const id of ["1", "2", "3"]) file.add(record(id));
    await tick(clock, file, 100);
    t.match(file.status, {
      state: "disk-full",
      error: "ENOSPC: no space left on device",
      writtenRecords: 0,
    });
    t.equal(statSync(join(directory, "records.jsonl")).size, 0, "half a line was cut off");
    file.add(record("4"));
    t.equal(file.status.droppedRecords, 1);
    const before = fault.writes;
    clock.advance(999);
    t.equal(fault.writes, before, "waits before it tries again");
    delete fault.space;
    clock.advance(1);
    await file.flush();
    t.match(file.status, {
      state: "working",
      writtenRecords: 3,
      droppedRecords: 1,
      bufferedBytes: 0,
    });
    t.equal(file.status.error, undefined);
    t.same(idsIn(join(directory, "records.jsonl")), ["1", "2", "3"]);
    t.same(logged, ["Cannot write records: disk full", "Writing records again"]);
    await file.close();
  },
);

t.test("a half-written line that cannot be cut is ended before the next record", async (t) => {
  const directory = t.testdir();
  const fault: Fault = { space: 10, fail: { operation: "truncate", code: "EIO" }, writes: 0 };
  const { clock, file } = setUp(directory, { fileSystem: brokenFileSystem(fault) });
  file.add(record("1"));
  await tick(clock, file, 100);
  delete fault.space;
  await tick(clock, file, 1_000);
  const [torn, whole] = readFileSync(join(directory, "records.jsonl"), "utf8").split("\n");
  t.equal(torn, '{"id":"1",');
  t.match(JSON.parse(whole ?? ""), { id: "1" });
  await file.close();
});

const faults: ReadonlyArray<{ operation: string; code: string; state: string }> = [
  { operation: "openAppend", code: "EACCES", state: "failing" },
  { operation: "openAppend", code: "ENOSPC", state: "disk-full" },
  { operation: "write", code: "EIO", state: "failing" },
  { operation: "write", code: "EDQUOT", state: "disk-full" },
];
for (const { operation, code, state } of faults) {
  t.test(
    `${operation}() failing with ${code} makes the state ${state} until it works again`,
    async (t) => {
      const directory = t.testdir();
      const fault: Fault = { fail: { operation, code }, writes: 0 };
      const { clock, file } = setUp(directory, { fileSystem: brokenFileSystem(fault) });
      file.add(record("1"));
      await tick(clock, file, 100);
      t.match(file.status, { state, error: `${code}: simulated`, droppedRecords: 0 });
      delete fault.fail;
      await tick(clock, file, 1_000);
      t.match(file.status, { state: "working", writtenRecords: 1 });
      t.same(idsIn(join(directory, "records.jsonl")), ["1"]);
      await file.close();
    },
  );
}

t.test("a failing rotation keeps the records and tries again", async (t) => {
  const directory = t.testdir();
  const fault: Fault = { fail: { operation: "rename", code: "EACCES" }, writes: 0 };
  const { clock, file } = setUp(directory, {
    fileSystem: brokenFileSystem(fault),
    maxFileBytes: 1,
  });
  file.add(record("1"));
  await file.flush();
  file.add(record("2"));
  await tick(clock, file, 100);
  t.equal(file.status.state, "failing");
  delete fault.fail;
  await tick(clock, file, 1_000);
  t.match(file.status, { state: "working", writtenRecords: 2, rotations: 1 });
  await file.close();
});

t.test("old files that cannot be deleted are reported and stop nothing", async (t) => {
  const fault: Fault = { fail: { operation: "remove", code: "EACCES" }, writes: 0 };
  const { file, logged } = setUp(join(t.testdir(), "records"), {
    fileSystem: brokenFileSystem(fault),
    maxFileBytes: 1,
    maxFiles: 1,
  });
  for (const id of ["1", "2"]) {
    file.add(record(id));
    await file.flush();
  }
  t.match(file.status, { state: "working", writtenRecords: 2 });
  t.same(logged, ["Cannot delete old records"]);
  await file.close();
});

t.test("the file is made again when it was deleted, moved or its directory removed", async (t) => {
  const root = t.testdir();
  const directory = join(root, "records");
  const path = join(directory, "records.jsonl");
  const { file } = setUp(directory);
  const write = async (id: string) => {
    file.add(record(id));
    await file.flush();
  };
  await write("1");
  rmSync(path);
  await write("2");
  t.same(idsIn(path), ["2"]);
  rmSync(directory, { recursive: true });
  await write("3");
  t.same(idsIn(path), ["3"]);
  rmSync(path);
  writeFileSync(path, '{"id":"foreign"}\n');
  await write("4");
  t.same(idsIn(path), ["foreign", "4"]);
  t.match(file.status, { state: "working", writtenRecords: 4, droppedRecords: 0 });
  await file.close();
});

t.test("a directory in the place of the file is reported", async (t) => {
  const directory = t.testdir();
  mkdirSync(join(directory, "records.jsonl"));
  const { file } = setUp(directory);
  file.add(record("1"));
  await file.flush();
  t.match(file.status, { state: "failing", error: /EISDIR/ });
  await file.close();
  t.equal(file.status.droppedRecords, 1);
});

t.test("close() writes what is buffered and counts what comes later", async (t) => {
  const directory = t.testdir();
  const { clock, file } = setUp(directory);
  file.add(record("1"));
  const closing = file.close();
  file.add(record("late"));
  await closing;
  await file.close();
  t.same(idsIn(join(directory, "records.jsonl")), ["1"]);
  t.match(file.status, { state: "closed", writtenRecords: 1, droppedRecords: 1, bufferedBytes: 0 });
  t.equal(clock.pendingTimers, 0);
});

t.test("close() counts as dropped what a full disk does not take", async (t) => {
  const { clock, file } = setUp(t.testdir(), {
    fileSystem: brokenFileSystem({ space: 0, writes: 0 }),
  });
  file.add(record("1"));
  await file.close();
  t.match(file.status, { state: "closed", droppedRecords: 1, bufferedBytes: 0 });
  t.equal(clock.pendingTimers, 0);
});

t.test("close() gives up after its timeout when the disk hangs", async (t) => {
  const release = Promise.withResolvers<void>();
  const fault: Fault = { hang: release.promise, writes: 0 };
  const { clock, file } = setUp(t.testdir(), {
    fileSystem: brokenFileSystem(fault),
    closeTimeoutMs: 500,
  });
  file.add(record("1"));
  const closing = file.close();
  clock.advance(500);
  await closing;
  t.match(file.status, { state: "closed", droppedRecords: 1, writtenRecords: 0 });
  release.resolve();
  await new Promise(setImmediate);
  t.match(file.status, { state: "closed", droppedRecords: 1, bufferedBytes: 0 });
});

t.test("close() makes no file when there was no record", async (t) => {
  const directory = t.testdir();
  await using file = setUp(directory).file;
  await file.close();
  t.same(readdirSync(directory), []);
});

t.test("status names the file, also under another name", async (t) => {
  t.equal(new RecordFile({ directory: "/a", name: "x" }).status.path, "/a/x.jsonl");
});

t.test("add() writes the JSON that it is given as it is", async (t) => {
  const directory = t.testdir();
  const { file } = setUp(directory);
  file.add(record("1"), '{"id":"given"}');
  file.add(record("2"));
  await file.close();
  t.same(idsIn(join(directory, "records.jsonl")), ["given", "2"]);
});
