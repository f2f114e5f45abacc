import t from "tap";
import { createMisbehaviourList } from "./misbehaviour.ts";

t.test("take() returns the first match by host and path", async (test) => {
  const list = createMisbehaviourList();
  list.add({ host: "a.test", pathname: "/x", status: 500 });
  list.add({ host: "a.test", status: 503 });
  test.match(list.take("a.test", "/x"), { status: 500 });
  test.match(list.take("a.test", "/y"), { status: 503 });
  test.equal(list.take("b.test", "/x"), undefined);
});

t.test("take() uses up times, and add() gives a way to take a fault out", async (test) => {
  const list = createMisbehaviourList();
  list.add({ times: 2, status: 429 });
  const remove = list.add({ status: 503 });
  const seen = Array.from({ length: 3 }, () => list.take("a.test", "/")?.status);
  test.same(seen, [429, 429, 503]);
  remove();
  test.equal(list.take("a.test", "/"), undefined);
});

for (const times of [0, -1, Number.NaN]) {
  t.test(`add() rejects times ${times}`, async (test) => {
    test.throws(() => createMisbehaviourList().add({ times }), {
      name: "RangeError",
      message: `Cannot add misbehaviour: times is ${times}, at least 1 is needed`,
    });
  });
}
