import t from "tap";
import { nineCharacterToolId, shortToolId } from "./tool-ids.ts";

const long = `toolu_${"a".repeat(40)}`;

t.test("shortToolId() keeps ids of up to 40 characters", async (t) => {
  for (const id of ["call_1", "toolu_01A09q90qw90lq917835lq9", "x".repeat(40)]) {
    t.equal(shortToolId(id), id);
  }
});

t.test("shortToolId() makes a shorter one of a long id, always the same", async (t) => {
  t.match(shortToolId(long), /^call_[0-9a-f]{32}$/);
  t.equal(shortToolId(long), shortToolId(long));
  t.not(shortToolId(long), shortToolId(`${long}b`));
});

t.test("nineCharacterToolId() keeps ids of nine letters and digits only", async (t) => {
  t.equal(nineCharacterToolId("D681PevKs"), "D681PevKs");
  for (const id of ["call_1", "D681PevK", "D681PevKsx", "D681-evKs", long]) {
    t.match(nineCharacterToolId(id), /^[0-9a-f]{9}$/, id);
  }
  t.not(nineCharacterToolId("call_1"), nineCharacterToolId("call_2"));
});
