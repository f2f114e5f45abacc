/** Tests of reading record files in order. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { httpRecord } from "../testdata/recorded.ts";
import { findRecordFiles, readRecords, tryParseRecord } from "./record-source.ts";

const line = (startUnixMs: number) =>
  JSON.stringify(httpRecord({ id: `r${startUnixMs}`, startUnixMs }));

async function startsOf(files: readonly string[], sinceMs = 0) {
  const losses = { malformed: 0, late: 0 };
  const starts: number[] = [];
  for await (const record of readRecords(files, { sinceMs, losses }))
    starts.push(record.startUnixMs);
  return { starts, losses };
}

t.test(
  "readRecords() gives the records of all files in the order in which they began",
  async (t) => {
    const folder = t.testdir({
      "records-2026.jsonl": `${line(3)}\n${line(1)}\n`,
      "records.jsonl": `${line(5)}\n${line(2)}\n${line(4)}`,
      "other.jsonl": line(9),
    });
    const files = await findRecordFiles(folder);
    t.same(await startsOf(files), { starts: [1, 2, 3, 4, 5], losses: { malformed: 0, late: 0 } });
    t.same((await startsOf(files, 4)).starts, [4, 5]);
  },
);

t.test("readRecords() counts lines that are no records", async (t) => {
  const cut = line(1).slice(0, 40);
  const folder = t.testdir({
    "records.jsonl": `${cut}\n\n{"kind":"http"}\n[]\n${line(2)}\n${cut}`,
  });
  const { starts, losses } = await startsOf([join(folder, "records.jsonl")]);
  t.same(starts, [2]);
  t.equal(losses.malformed, 4);
});

t.test("readRecords() reads characters that lie across its pieces", async (t) => {
  const file = join(t.testdir({}), "records.jsonl");
  const records = Array.from({ length: 400 }, (_, at) =>
    httpRecord({ startUnixMs: at, clientAddress: "é".repeat(997) }),
  );
  writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  const losses = { malformed: 0, late: 0 };
  let count = 0;
  for await (const record of readRecords([file], { sinceMs: 0, losses })) {
    if (record.clientAddress === "é".repeat(997)) count++;
  }
  t.equal(count, 400);
});

t.test("readRecords() holds a bounded number, and says what came too late", async (t) => {
  const file = join(t.testdir({}), "records.jsonl");
  const starts = [...Array.from({ length: 9_000 }, (_, at) => at + 10), 1];
  writeFileSync(file, starts.map((start) => `${line(start)}\n`).join(""));
  const read = await startsOf([file]);
  t.equal(read.starts.length, 9_001);
  t.equal(read.losses.late, 1);
});

t.test("readRecords() holds long lines a few at a time, and no bodies", async (t) => {
  const file = join(t.testdir({}), "records.jsonl");
  const body = { base64: "x".repeat(8_000_000), bytes: 1, isTruncated: false, contentEncoding: "" };
  const capture = {
    requestHeaders: [],
    requestBody: body,
    responseHeaders: [],
    responseBody: body,
  };
  const records = [4, 5, 6, 1].map((startUnixMs) => httpRecord({ startUnixMs, capture }));
  writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  const { starts, losses } = await startsOf([file]);
  t.same({ starts, losses }, { starts: [4, 1, 5, 6], losses: { malformed: 0, late: 1 } });
  t.match(tryParseRecord(JSON.stringify(records[0])), { capture: { requestBody: null } });
});

t.test("readRecords() rejects for a file that is not there", async (t) => {
  await t.rejects(startsOf([join(t.testdir({}), "none")]), { code: "ENOENT" });
  t.same(await findRecordFiles(join(t.testdir({}), "none")), []);
});

t.test("tryParseRecord() takes what looks like a record", async (t) => {
  t.match(tryParseRecord(line(1)), { id: "r1" });
  t.equal(tryParseRecord("null"), undefined);
});
