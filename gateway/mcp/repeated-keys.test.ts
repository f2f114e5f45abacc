/** Keys that readers may take for the same, at any depth. */
import t from "tap";
import { hasRepeatedKeys } from "./repeated-keys.ts";

t.test("hasRepeatedKeys() looks into objects and lists", async (test) => {
  const cases = [
    ['{"a":1,"b":{"a":[{"a":1},{"a":2}]}}', false],
    ["[]", false],
    ['"{\\"a\\":1,\\"a\\":2}"', false],
    ['{"a":1,"a":2}', true],
    ['{"x":{"a":1,"A":2}}', true],
    ['[1, {"x": [ {"a":1, "\\u0061":2} ] } ]', true],
    ['{"secret":1,"\\u017fecret":2}', true],
  ] as const;
  for (const [json, isRepeated] of cases) {
    test.equal(hasRepeatedKeys(Buffer.from(json), { start: 0 }), isRepeated, json);
  }
});
