import t from "tap";
import { EjectedCandidates } from "./ejected-candidates.ts";

t.test("isEjected() holds until the time is over, and for no other candidate", async (t) => {
  const ejected = new EjectedCandidates();
  t.equal(ejected.isEjected("a", 0), false);
  ejected.publish([{ pick: "a", forMs: 100 }], 1_000);
  t.equal(ejected.isEjected("a", 1_000), true);
  t.equal(ejected.isEjected("a", 1_099), true);
  t.equal(ejected.isEjected("a", 1_100), false);
  for (const other of ["b", "", "constructor", "__proto__"]) {
    t.equal(ejected.isEjected(other, 1_000), false);
  }
});

t.test("publish() forgets those before", async (t) => {
  const ejected = new EjectedCandidates();
  ejected.publish([{ pick: "a", forMs: 100 }], 0);
  ejected.publish([{ pick: "b", forMs: 100 }], 0);
  t.equal(ejected.isEjected("a", 1), false);
  t.equal(ejected.isEjected("b", 1), true);
  ejected.publish([], 0);
  t.equal(ejected.isEjected("b", 1), false);
});
