/** Tests of the record file's options: defaults that are documented, and bounds that cannot work. */
import t from "tap";
import { RecordFile } from "./record-file.ts";
import { fillRecordFileOptions } from "./record-file-options.ts";

t.test("fillRecordFileOptions() fills in the documented defaults", async (t) => {
  t.match(fillRecordFileOptions({ directory: "/a" }), {
    directory: "/a",
    name: "records",
    maxFileBytes: 67_108_864,
    maxFileAgeMs: 86_400_000,
    maxFiles: 8,
    flushIntervalMs: 100,
    maxBufferedBytes: 8_388_608,
    retryMs: 1_000,
    closeTimeoutMs: 2_000,
  });
});

t.test("fillRecordFileOptions() keeps what is given", async (t) => {
  t.match(fillRecordFileOptions({ directory: "/a", name: "b", maxFiles: 2 }), {
    name: "b",
    maxFiles: 2,
  });
});

const bad: ReadonlyArray<{ name: string; value: number }> = [
  { name: "0", value: 0 },
  { name: "negative", value: -1 },
  { name: "NaN", value: Number.NaN },
];
for (const key of ["maxFileBytes", "maxFileAgeMs", "maxFiles", "maxBufferedBytes"] as const) {
  for (const { name, value } of bad) {
    t.test(`fillRecordFileOptions() throws when ${key} is ${name}`, async (t) => {
      const message = `Cannot create RecordFile: ${key} is ${value}, want more than 0`;
      t.throws(
        () => fillRecordFileOptions({ directory: "/a", [key]: value }),
        new RangeError(message),
      );
      t.throws(() => new RecordFile({ directory: "/a", [key]: value }), new RangeError(message));
    });
  }
}
