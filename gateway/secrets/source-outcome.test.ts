/** Tests of what is taken off a value. */
import t from "tap";
import { failed, withoutLineEnd } from "./source-outcome.ts";

for (const [text, wanted] of [
  ["value", "value"],
  ["value\n", "value"],
  ["value\r\n", "value"],
  ["value\n\n", "value\n"],
  ["value\r", "value\r"],
  ["\n", ""],
  ["", ""],
] as const) {
  t.test(`withoutLineEnd() makes ${JSON.stringify(wanted)} of ${JSON.stringify(text)}`, (t) => {
    t.equal(withoutLineEnd(Buffer.from(text)).toString(), wanted);
    t.end();
  });
}

t.test("failed() keeps the clause", (t) => {
  t.same(failed("it is gone"), { kind: "failed", message: "it is gone" });
  t.end();
});
