/** Tests that lines are the same however the bytes are cut. */
import t from "tap";
import { LineCutter } from "./line-cutter.ts";

/** Lines of the chunks; `null` for one that was too long. */
function linesOf(chunks: readonly Buffer[], maxLineBytes?: number): (string | null)[] {
  const cutter = new LineCutter(maxLineBytes);
  const lines: (string | null)[] = [];
  for (const chunk of chunks) {
    // The chunk is the caller's: it is overwritten after the call, as a reader's buffer is.
    const borrowed = Buffer.from(chunk);
    cutter.cut(borrowed, (line) => {
      lines.push(line ? line.bytes.toString("utf8", line.start, line.end) : null);
    });
    borrowed.fill(0x2e);
  }
  return lines;
}

function cutEvery(bytes: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

const text = Buffer.from("one\n\ntwo, grüße 🦊\nthree\nunfinished");
const expected = ["one", "", "two, grüße 🦊", "three"];

t.test("cut() gives the same lines for every size of chunk", async (t) => {
  for (let size = 1; size <= text.length; size++) t.same(linesOf(cutEvery(text, size)), expected);
});

t.test("cut() gives the same lines for random cuts", async (t) => {
  let seed = 7;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  for (let round = 0; round < 200; round++) {
    const chunks: Buffer[] = [];
    for (let at = 0; at < text.length; ) {
      const size = 1 + Math.floor(random() * 9);
      chunks.push(text.subarray(at, at + size));
      at += size;
    }
    t.same(linesOf(chunks), expected);
  }
});

t.test("cut() gives nothing for no bytes", async (t) => {
  t.same(linesOf([Buffer.alloc(0), Buffer.alloc(0)]), []);
});

t.test("cut() gives up a line that is too long, and only that one", async (t) => {
  const bytes = Buffer.from("12345\n123456\n1\n1234567890\n12345\n");
  for (let size = 1; size <= bytes.length; size++) {
    t.same(linesOf(cutEvery(bytes, size), 5), ["12345", null, "1", null, "12345"], `by ${size}`);
  }
});

t.test("cut() keeps no more than the bound of a line that does not end", async (t) => {
  const chunk = Buffer.alloc(100_000, "x");
  const chunks = Array.from({ length: 50 }, () => chunk);
  t.same(linesOf([...chunks, Buffer.from("\nnext\n")]), [null, "next"]);
});
