/** Tests of the line index. */
import t from "tap";
import { createLineIndex } from "./line-index.ts";

t.test("createLineIndex() counts from 1 and takes a line feed as part of its line", (t) => {
  const lines = createLineIndex("ab\n\nc");
  t.same([0, 1, 2, 3, 4, 5].map(lines), [1, 1, 1, 2, 3, 3]);
  t.equal(lines(-1), 1);
  t.equal(lines(1_000), 3);
  t.equal(createLineIndex("")(0), 1);
  t.end();
});

t.test("createLineIndex() agrees with counting line feeds", (t) => {
  const text = Array.from({ length: 300 }, (_, at) => "x".repeat((at * 7) % 5)).join("\n");
  const lines = createLineIndex(text);
  for (let at = 0; at < text.length; at++) {
    t.equal(lines(at), text.slice(0, at).split("\n").length);
  }
  t.end();
});
