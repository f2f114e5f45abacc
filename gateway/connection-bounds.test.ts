/** Bounds of connections by the files that may be open. */
import t from "tap";
import { connectionBounds, openFilesLimit } from "./connection-bounds.ts";

for (const [openFiles, downstream, upstream] of [
  [1_048_576, 50_000, 349_184],
  [20_000, 6_325, 6_325],
  [1_024, 256, 256],
  [8, 2, 2],
  [1, 1, 1],
] as const) {
  t.test(`connectionBounds() of ${openFiles} files`, async (t) => {
    t.same(connectionBounds(openFiles), { downstream, upstream });
  });
}

t.test("openFilesLimit() is what the process may open", async (t) => {
  t.ok(openFilesLimit() > 100);
  const limits = (soft: unknown) => ({ userLimits: { open_files: { soft, hard: 1 } } });
  t.equal(openFilesLimit(limits("4096")), 4_096);
  t.equal(openFilesLimit(limits(256)), 256);
  for (const report of [limits("unlimited"), limits(-1), {}, { userLimits: {} }]) {
    t.equal(openFilesLimit(report), 1_048_576);
  }
});
