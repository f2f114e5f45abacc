/** Tests of putting fragments together, within limits. */
import t from "tap";
import { HeaderBlock } from "./header-block.ts";
import { createLimits } from "./limits.ts";

const limits = createLimits({ maxHeaderBlockBytes: 1_000, maxContinuations: 3 });
const bytes = Buffer.from("0123456789".repeat(150));

t.test("finish() gives the fragments in order", async (t) => {
  const block = new HeaderBlock(limits);
  for (const streamId of [1, 3]) {
    t.equal(block.streamId, 0);
    block.begin(streamId, streamId === 3);
    t.equal(block.streamId, streamId);
    t.equal(block.isLast, streamId === 3);
    for (const [start, end] of [
      [3, 5],
      [5, 5],
      [15, 700],
    ] as const) {
      t.equal(block.add(bytes, start, end), undefined);
    }
    t.equal(
      block.finish().toString(),
      bytes.toString("latin1", 3, 5) + bytes.toString("latin1", 15, 700),
    );
  }
});

t.test("add() refuses more bytes than the limit, and takes as many", async (t) => {
  const block = new HeaderBlock(limits);
  block.begin(1, false);
  t.equal(block.add(bytes, 0, 600), undefined);
  t.match(block.add(bytes, 0, 401), { flood: "header-bytes" });
  t.equal(block.add(bytes, 0, 400), undefined);
  t.equal(block.finish().length, 1_000);
});

t.test("add() refuses more fragments than the limit", async (t) => {
  const block = new HeaderBlock(limits);
  block.begin(1, false);
  for (let count = 0; count < 4; count++) t.equal(block.add(bytes, 0, 1), undefined);
  t.match(block.add(bytes, 0, 0), { flood: "continuations" });
});
