import t from "tap";
import { readOption } from "./read-option.ts";

t.test("readOption() gives the value, or says what was wrong with which option", (t) => {
  t.equal(readOption("--n", "7", Number), 7);
  const parse = () => {
    throw new RangeError("Wanted less");
  };
  t.throws(() => readOption("--n", "\u001b7", parse), {
    message: 'Cannot use "\\x1b7" for --n: Wanted less',
    exitCode: 2,
  });
  t.end();
});
