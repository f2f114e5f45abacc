/** Tests of the static and the dynamic table as one (RFC 7541 §2.3, §4). */
import t from "tap";
import { seededRandom } from "../testdata/random.ts";
import { HeaderField } from "./header-field.ts";
import { HpackTable } from "./hpack-table.ts";

const field = (name: string, value = "") => new HeaderField(name, value);

t.test("find() has the static table at its ends and nothing beyond", async (t) => {
  const table = new HpackTable();
  t.match(table.find(1), { name: ":authority", value: "" });
  t.match(table.find(8), { name: ":status", value: "200" });
  t.match(table.find(61), { name: "www-authenticate", value: "" });
  for (const index of [-1, 0, 62, 1_000]) t.equal(table.find(index), undefined);
});

t.test("add() makes a field the first of the dynamic ones", async (t) => {
  const table = new HpackTable();
  table.add(field("one"));
  table.add(field("two"));
  t.equal(table.find(62)?.name, "two");
  t.equal(table.find(63)?.name, "one");
  t.equal(table.find(64), undefined);
  t.equal(table.usedBytes, 70);
});

t.test("add() drops the oldest for the newest, and all for one that is too large", async (t) => {
  const table = new HpackTable(100);
  table.add(field("a"));
  table.add(field("b"));
  table.add(field("c"));
  t.equal(table.find(62)?.name, "c", "33 bytes each");
  t.equal(table.find(64)?.name, "a");
  table.add(field("d", "x"));
  t.equal(table.find(63)?.name, "c");
  t.equal(table.find(64)?.name, "b");
  t.equal(table.find(65), undefined);
  table.add(field("e", "x".repeat(68)));
  t.equal(table.find(62), undefined);
  t.equal(table.usedBytes, 0);
});

t.test("resize() drops what no longer fits, and refuses more than allowed", async (t) => {
  const table = new HpackTable(200);
  for (const name of ["a", "b", "c"]) table.add(field(name));
  t.equal(table.resize(66), true);
  t.equal(table.find(63)?.name, "b");
  t.equal(table.find(64), undefined);
  t.equal(table.resize(0), true);
  table.add(field("d"));
  t.equal(table.find(62), undefined);
  t.equal(table.resize(200), true);
  table.add(field("e"));
  t.equal(table.find(62)?.name, "e");
  t.equal(table.resize(201), false);
});

t.test("the table does what a plain list would, whatever is added", async (t) => {
  const random = seededRandom(1);
  const table = new HpackTable(300);
  let list: HeaderField[] = [];
  let limit = 300;
  for (let step = 0; step < 2_000; step++) {
    if (random.below(10) === 0) {
      limit = random.below(301);
      table.resize(limit);
    } else {
      const added = field("n".repeat(random.below(40)), String(step));
      table.add(added);
      list = [added, ...list];
    }
    let size = 0;
    list = list.filter((one) => {
      size += one.size;
      return size <= limit;
    });
    if (list.some((one, index) => table.find(62 + index) !== one)) t.fail(`step ${step}`);
    if (table.find(62 + list.length) !== undefined) t.fail(`step ${step}: too many`);
  }
  t.equal(
    table.usedBytes,
    list.reduce((sum, { size }) => sum + size, 0),
  );
});
