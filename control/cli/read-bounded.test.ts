import { Readable } from "node:stream";
import t from "tap";
import { readBounded } from "./read-bounded.ts";

t.test("readBounded() reads all up to its bound, and gives up what is longer", async (t) => {
  const pieces = [Buffer.from("ab"), Buffer.from("c")];
  t.equal((await readBounded(Readable.from(pieces), 3))?.toString(), "abc");
  t.equal((await readBounded(Readable.from([]), 0))?.length, 0);
  const longer = Readable.from(pieces);
  t.equal(await readBounded(longer, 2), undefined);
  t.ok(longer.destroyed);
});
