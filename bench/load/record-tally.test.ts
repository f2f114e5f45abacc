/** Unit tests of counting what followers saw. */
import t from "tap";
import { RecordTally, recordNumbersIn } from "./record-tally.ts";

t.test("a tally finds what is missing, what came twice and what came late", async (t) => {
  const tally = new RecordTally(6);
  tally.add([0, 1, 2]);
  tally.add([4, 3, 4]);
  t.strictSame(tally.outcome, { seen: 5, missed: 1, repeated: 1, disordered: 1 });
  t.throws(() => tally.add([6]), new RangeError("Cannot count record 6: only 6 were written"));
});

t.test("recordNumbersIn() reads ids of records and nothing that looks like them", async (t) => {
  const item = (key: string, id: string) => ({ key, value: { stringValue: id } });
  const items = [
    item("clrk.record.id", "record-17"),
    item("url.path", "record-1"),
    item("clrk.record.id", "record-3"),
    item("clrk.record.id", "other-4"),
  ];
  t.strictSame(recordNumbersIn(JSON.stringify(items)), [17, 3]);
});
