/** Tests of places: bounds of one user and of all, and what is given back. */
import t from "tap";
import { UserPlaces } from "./user-places.ts";

t.test("take() bounds each user and all, and what is left can be taken again", async (t) => {
  const places = new UserPlaces({ all: 3, ofOne: 2 });
  const taken = ["a", "a", "b"].map((user) => places.take(user));
  t.same(
    taken.map(({ kind }) => kind),
    ["taken", "taken", "taken"],
  );
  t.same(places.take("a"), { kind: "own-full", taken: 2 });
  t.same(places.take("c"), { kind: "all-full", taken: 3 });
  const [first] = taken;
  if (first?.kind === "taken") first.leave();
  t.match(places.take("c"), { kind: "taken" });
  t.same(places.take("a"), { kind: "all-full", taken: 3 });
});

t.test("enter() takes a place beyond what there is, which findFull() tells before", async (t) => {
  const places = new UserPlaces({ all: 2, ofOne: 1 });
  t.equal(places.findFull("a"), undefined);
  const leaves = [places.enter("a"), places.enter("a")];
  t.same(places.findFull("a"), { kind: "own-full", taken: 2 });
  t.same(places.findFull("b"), { kind: "all-full", taken: 2 });
  for (const leave of leaves) leave();
  t.equal(places.findFull("a"), undefined);
});
