import t from "tap";
import { encodeToolId, madeUpId } from "./tool-id.ts";

t.test("encodeToolId() leaves ids as they are that the API takes", async (t) => {
  for (const id of ["toolu_01A", "call-1", "a", "_", "A".repeat(200)])
    t.equal(encodeToolId(id), id);
});

t.test("encodeToolId() gives other ids a form of their own, always the same", async (t) => {
  const ids = ["a b", "a.b", "a:b", "ä", "functions.f:0", "\u{1f600}", "a\n"];
  const encoded = ids.map(encodeToolId);
  t.equal(new Set(encoded).size, ids.length);
  for (const id of encoded) t.match(id, /^[a-zA-Z0-9_-]+$/);
  t.strictSame(ids.map(encodeToolId), encoded);
});

t.test("madeUpId() differs for each place and is allowed", async (t) => {
  t.equal(madeUpId(0), "toolu_0");
  t.equal(encodeToolId(madeUpId(12)), "toolu_12");
});
