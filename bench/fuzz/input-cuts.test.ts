/** Tests of the ways to cut inputs. */
import t from "tap";
import { cutsOf, differenceByCut } from "./input-cuts.ts";

t.test("cutsOf() gives pieces that are the input together", async (t) => {
  for (const length of [0, 1, 50, 5_000]) {
    const input = Buffer.alloc(length, 0x61);
    for (const pieces of cutsOf(input)) t.same(Buffer.concat(pieces), input);
  }
});

t.test("cutsOf() gives copies, byte by byte too", async (t) => {
  const input = Buffer.from("abc");
  const [whole, singles] = cutsOf(input);
  whole?.[0]?.fill(0);
  t.equal(input.toString(), "abc");
  t.equal(singles?.length, 3);
});

t.test("differenceByCut() finds a reader that depends on its pieces", async (t) => {
  const input = Buffer.from("some input");
  t.match(
    differenceByCut(input, (pieces) => String(pieces.length)),
    /^in 10 pieces .* it says …"10", wanted …"1"$/,
  );
  t.equal(
    differenceByCut(input, (pieces) => Buffer.concat(pieces).toString()),
    undefined,
  );
});
