/** Tests of the order of files of records. */
import t from "tap";
import { isOpenRecordFile, recordFileKey } from "./record-file-key.ts";

t.test(
  "recordFileKey() has rotated files by their time, and those that are written last",
  async (t) => {
    const rotated = ["records-7-20260102T030405678Z.jsonl", "records-20260103T030405678Z.jsonl"];
    const names = [...rotated, "records-7.jsonl", "records.jsonl"];
    const sorted = [...names].sort((a, b) => {
      return (recordFileKey(a) ?? "") < (recordFileKey(b) ?? "") ? -1 : 1;
    });
    t.same(sorted, names);
    t.same(names.filter(isOpenRecordFile), ["records-7.jsonl", "records.jsonl"]);
    for (const name of ["records.json", "records-x.jsonl", "invocations.jsonl"]) {
      t.equal(recordFileKey(name), undefined, name);
    }
  },
);
