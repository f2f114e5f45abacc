/** Tests of what is known of streams that are open, over, or not yet there. */
import t from "tap";
import { Http2Stream } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";

function open(table: StreamTable, id: number): Http2Stream {
  const owner = { sendHeaders() {}, sendBody() {}, end() {} };
  const stream = new Http2Stream(id, owner, { receiveWindow: 1, sendWindow: 1, contentLength: -1 });
  table.use(id);
  table.add(stream);
  return stream;
}

t.test("find() knows streams while they are open", async (t) => {
  const table = new StreamTable();
  const stream = open(table, 5);
  t.equal(table.find(5), stream);
  t.equal(table.size, 1);
  t.equal(table.lastId, 5);
  table.remove(5, "ended");
  t.equal(table.find(5), undefined);
  t.equal(table.size, 0);
});

t.test("past() tells how a stream ended, and which were never there", async (t) => {
  const table = new StreamTable();
  for (const id of [1, 3, 9]) open(table, id);
  table.remove(1, "ended");
  table.remove(3, "cut");
  t.equal(table.past(1), "ended");
  t.equal(table.past(3), "cut");
  t.equal(table.past(7), "cut", "passed over");
  t.equal(table.past(11), "idle");
  t.equal(table.past(2), "idle");
  t.equal(table.isRecent(1) && table.isRecent(3), true);
  t.equal(table.isRecent(7), false);
});

t.test("past() forgets the oldest", async (t) => {
  const table = new StreamTable();
  for (let id = 1; id < 2 * 257; id += 2) {
    open(table, id);
    table.remove(id, "ended");
  }
  t.equal(table.past(1), "cut");
  t.equal(table.isRecent(1), false);
  t.equal(table.past(3), "ended");
});

t.test("values() may be walked through while streams go", async (t) => {
  const table = new StreamTable();
  for (const id of [1, 3, 5]) open(table, id);
  const seen: number[] = [];
  for (const { id } of table.values()) {
    seen.push(id);
    table.remove(id, "ended");
  }
  t.strictSame(seen, [1, 3, 5]);
});
