import t from "tap";
import { blockHeadBytes, isOtherJournal, readBlocks, sealBlock } from "./budget-blocks.ts";

function block(text: string): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(blockHeadBytes), Buffer.from(text)]);
  sealBlock(bytes);
  return bytes;
}

function read(bytes: Buffer) {
  const found: string[] = [];
  const end = readBlocks(bytes, (from, to) => found.push(bytes.toString("utf8", from, to)));
  return { found, end };
}

const [one, two, three] = [block("one"), block("and two"), block("")];

t.test("blocks are read in their order", async (test) => {
  const all = Buffer.concat([one, two, three]);
  test.strictSame(read(all), { found: ["one", "and two", ""], end: all.length });
  test.strictSame(read(Buffer.alloc(0)), { found: [], end: 0 });
});

t.test("one that is not all there yet waits", async (test) => {
  for (let cut = 1; cut < two.length; cut++) {
    const bytes = Buffer.concat([one, two.subarray(0, -cut)]);
    test.strictSame(read(bytes), { found: ["one"], end: one.length });
  }
});

t.test("one that was cut off or damaged costs itself alone", async (test) => {
  for (let cut = 1; cut < two.length; cut++) {
    const bytes = Buffer.concat([one, two.subarray(0, -cut), three]);
    test.strictSame(read(bytes), { found: ["one", ""], end: bytes.length });
  }
  for (let at = 0; at < two.length; at++) {
    const bad = Buffer.from(two);
    bad[at] = (bad[at] ?? 0) ^ 1;
    const bytes = Buffer.concat([one, bad, three]);
    test.strictSame(read(bytes), { found: ["one", ""], end: bytes.length }, `byte ${at}`);
  }
  const zeros = Buffer.concat([Buffer.alloc(100), one]);
  test.strictSame(read(zeros), { found: ["one"], end: zeros.length });
});

t.test(
  "a journal of lines is known for one of another form, and so is one of blocks to come",
  async (test) => {
    const later = Buffer.from(one);
    later[3] = 2;
    for (const bytes of [Buffer.from('0badc0de k\t0\t1\t"a"\n'), later]) {
      test.equal(isOtherJournal(bytes), true);
    }
    const unknown = [one, one.subarray(0, 3), Buffer.alloc(0), Buffer.alloc(20)];
    for (const bytes of [...unknown, Buffer.from("0badc0de {}\n")]) {
      test.equal(isOtherJournal(bytes), false);
    }
  },
);
