/** Tests of choices that an input makes. */
import t from "tap";
import { seededRandom } from "../../extproc/testdata/random.ts";
import { inventChoices, readChoices } from "./choices.ts";

t.test("readChoices() makes the same choices of the same bytes", async (t) => {
  const input = seededRandom(3).bytes(40);
  const choose = () => {
    const choices = readChoices(input);
    return [choices.below(7), choices.pick(["a", "b"]), choices.below(70_000), choices.bytes(3)];
  };
  t.same(choose(), choose());
});

t.test("readChoices() keeps within each limit", async (t) => {
  const choices = readChoices(seededRandom(4).bytes(2_000));
  for (const limit of [1, 2, 255, 256, 257, 70_000]) {
    for (let round = 0; round < 50; round++) t.ok(choices.below(limit) < limit);
  }
});

t.test("readChoices() chooses the first of everything where the input ends", async (t) => {
  const choices = readChoices(Buffer.of(9));
  choices.below(256);
  t.equal(choices.below(100), 0);
  t.equal(choices.pick(["first", "second"]), "first");
  t.same(choices.bytes(2), Buffer.alloc(2));
  t.same(choices.shuffle([1, 2, 3]), [1, 2, 3]);
  t.equal(choices.oneIn(5), false);
  t.equal(choices.rest().length, 0);
  t.throws(() => choices.pick([]), { message: "Cannot pick: there are no items" });
});

t.test("inventChoices() gives at least one byte and at most so many", async (t) => {
  const random = seededRandom(1);
  for (let round = 0; round < 200; round++) {
    const { length } = inventChoices(random, 9);
    t.ok(length >= 1 && length <= 9);
  }
});
