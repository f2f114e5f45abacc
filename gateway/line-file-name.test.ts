import t from "tap";
import {
  isSeriesOf,
  lineFileKey,
  readLineFileName,
  readSeriesFileName,
  rotatedFileName,
} from "./line-file-name.ts";

for (const [fileName, wanted] of [
  ["records.jsonl", { series: "records", rotatedAt: undefined }],
  ["records-12.jsonl", { series: "records-12", rotatedAt: undefined }],
  [
    "records-12-20261124T000600000Z.jsonl",
    { series: "records-12", rotatedAt: "20261124T000600000Z" },
  ],
  ["records-2026.jsonl", { series: "records-2026", rotatedAt: undefined }],
  ["records.json", undefined],
  [".jsonl", undefined],
] as const) {
  t.test(`readLineFileName() reads ${fileName}`, async (t) => {
    t.same(readLineFileName(fileName), wanted);
  });
}

t.test("rotatedFileName() makes what readLineFileName() reads", async (t) => {
  const name = rotatedFileName("records-12", Date.UTC(2026, 10, 24, 0, 6));
  t.equal(name, "records-12-20261124T000600000Z.jsonl");
});

t.test("lineFileKey() has what is written last", async (t) => {
  const names = ["a.jsonl", "b-20261124T000600000Z.jsonl", "a-20261125T000600000Z.jsonl"];
  const keys = names.map((name) => {
    const read = readLineFileName(name);
    return read === undefined ? "" : lineFileKey(name, read);
  });
  t.same(keys.toSorted(), [keys[1], keys[2], keys[0]]);
});

t.test("isSeriesOf() takes those of processes", async (t) => {
  t.equal(isSeriesOf("records", "records"), true);
  t.equal(isSeriesOf("records", "records-12"), true);
  t.equal(isSeriesOf("records", "records-more"), false);
  t.equal(isSeriesOf("records", "records-12345678901"), false);
  t.equal(isSeriesOf("records", "invocations"), false);
});

t.test("readSeriesFileName() knows no files of others", async (t) => {
  t.same(readSeriesFileName("records", "records-12.jsonl"), readLineFileName("records-12.jsonl"));
  t.equal(readSeriesFileName("records", "invocations.jsonl"), undefined);
  t.equal(readSeriesFileName("records", "records.json"), undefined);
});
