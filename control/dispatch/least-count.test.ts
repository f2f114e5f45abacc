/** Tests of the least number of a time that has gone by. */
import t from "tap";
import { LeastCount } from "./least-count.ts";

t.test("LeastCount knows the least of the time that it remembers", (t) => {
  const count = new LeastCount(100);
  t.equal(count.least(3, 0), 3);
  count.note(0, 10);
  count.note(5, 20);
  count.note(2, 30);
  t.equal(count.least(4, 30), 0);
  t.equal(count.least(4, 110), 0);
  t.equal(count.least(4, 111), 2);
  t.equal(count.least(1, 111), 1);
  t.notOk(count.isEmpty(130));
  t.equal(count.least(4, 131), 4);
  t.ok(count.isEmpty(131));
  t.end();
});

t.test("LeastCount is as the least of all that was noted", (t) => {
  const count = new LeastCount(50);
  const noted: { count: number; at: number }[] = [];
  let present = 0;
  for (let at = 0; at < 2_000; at += 7) {
    noted.push({ count: present, at });
    count.note(present, at);
    present = Math.max(0, present + (((at * 7_919) % 5) - 2));
    const within = noted.filter((one) => at - one.at <= 50).map((one) => one.count);
    t.equal(count.least(present, at), Math.min(present, ...within));
  }
  t.end();
});
