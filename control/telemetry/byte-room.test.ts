/** Tests of room that is taken and given back: bounded, in the order of coming, and never closed for ever. */
import t from "tap";
import { ByteRoom } from "./byte-room.ts";

function setUp() {
  const room = new ByteRoom({ maxBytes: 10, maxItems: 3 });
  const entered: string[] = [];
  const take = async (name: string, bytes: number) => {
    await room.take(bytes);
    entered.push(name);
  };
  const settle = () => new Promise(setImmediate);
  return { room, entered, take, settle };
}

t.test("what does not fit waits, and what comes behind it, too", async (t) => {
  const { room, entered, take, settle } = setUp();
  const all = [take("a", 6), take("b", 5), take("c", 1)];
  await settle();
  t.same(entered, ["a"]);
  room.giveBack(6);
  await Promise.all(all);
  t.same(entered, ["a", "b", "c"]);
});

t.test("one that is larger than the room is let in alone", async (t) => {
  const { room, entered, take, settle } = setUp();
  const all = [take("a", 1), take("large", 99), take("b", 1)];
  await settle();
  t.same(entered, ["a"]);
  room.giveBack(1);
  await settle();
  t.same(entered, ["a", "large"]);
  room.giveBack(99);
  await Promise.all(all);
  t.same(entered, ["a", "large", "b"]);
});

t.test("things are counted, too", async (t) => {
  const { room, entered, take, settle } = setUp();
  const all = ["a", "b", "c", "d"].map((name) => take(name, 0));
  await settle();
  t.same(entered, ["a", "b", "c"]);
  room.giveBack(0);
  await Promise.all(all);
  t.equal(entered.length, 4);
});

t.test("once it is closed nobody waits", async (t) => {
  const { room, entered, take } = setUp();
  const all = [take("a", 10), take("b", 10), take("c", 10)];
  room.close();
  await Promise.all(all);
  await take("d", 10);
  t.same(entered, ["a", "b", "c", "d"]);
});
