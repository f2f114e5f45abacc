/** Unit tests of times in whole seconds. */
import t from "tap";
import { wholeSeconds } from "./whole-seconds.ts";

t.test("wholeSeconds() rounds up, and never to nothing", async (t) => {
  t.same([0, 0.2, 1_000, 1_001, 90_500].map(wholeSeconds), [1, 1, 1, 2, 91]);
});
