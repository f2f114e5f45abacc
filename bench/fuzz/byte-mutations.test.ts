/** Tests of changes of bytes. */
import t from "tap";
import { seededRandom } from "../../extproc/testdata/random.ts";
import { mutateBytes } from "./byte-mutations.ts";

const sources = {
  others: [Buffer.from("other input")],
  words: [Buffer.from("WORD")],
  maxBytes: 64,
};

t.test("mutateBytes() leaves its input alone, and comes again with the same seed", async (t) => {
  const input = Buffer.from("an input of some bytes");
  const before = Buffer.from(input);
  const make = (seed: number) => mutateBytes(input, seededRandom(seed), sources);
  for (let seed = 0; seed < 300; seed++) t.same(make(seed), make(seed));
  t.same(input, before);
});

t.test("mutateBytes() makes many different inputs, none too long", async (t) => {
  const random = seededRandom(5);
  const made = new Set<string>();
  for (let round = 0; round < 1_000; round++) {
    const bytes = mutateBytes(Buffer.from("an input of some bytes"), random, sources);
    t.ok(bytes.length <= 64);
    made.add(bytes.toString("latin1"));
  }
  t.ok(made.size > 800, `${made.size} different`);
  t.ok([...made].some((text) => text.includes("WORD")));
  t.ok([...made].some((text) => text.includes("other")));
});

t.test("mutateBytes() takes an empty input", async (t) => {
  const random = seededRandom(6);
  for (let round = 0; round < 200; round++) mutateBytes(Buffer.alloc(0), random, sources);
  t.pass("no throw");
});
