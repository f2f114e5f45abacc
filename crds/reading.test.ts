/** The outcome type of all readers of text. */
import t from "tap";
import { expectValid, invalid, valid } from "./reading.ts";

t.test("expectValid() gives the value of a reading that succeeded", (t) => {
  t.equal(expectValid(valid(7), "number", "7"), 7);
  t.end();
});

t.test("expectValid() throws a RangeError that names the text and the mistake", (t) => {
  t.throws(
    () => expectValid(invalid("no digits"), "number", 'a"b'),
    new RangeError('Cannot parse number "a\\"b": no digits'),
  );
  t.end();
});

t.test("invalid() keeps the detail", (t) => {
  t.strictSame(invalid("too short"), { kind: "invalid", detail: "too short" });
  t.end();
});
