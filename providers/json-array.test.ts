import t from "tap";
import { splitArray } from "./testdata/split-array.ts";
import { randomPieces, seededRandom } from "./testdata/seeded-random.ts";

const arrays: readonly (readonly [string, readonly string[], string])[] = [
  ['[{"a":1}\n,\r\n{"b":[{}]}\n]', ['{"a":1}', '{"b":[{}]}'], ""],
  ["[]", [], ""],
  ["  [ ]  ", [], ""],
  ['[{"a":"]}[{\\"\\\\"},{}]', ['{"a":"]}[{\\"\\\\"}', "{}"], ""],
  ['[{"a":{"b":[1,[2]]}},{"c":', ['{"a":{"b":[1,[2]]}}'], '{"c":'],
  ['["{",{"a":1}]', ['{"a":1}'], ""],
  ["[[1],{}]", ["[1]", "{}"], ""],
  ['{"a":[{"b":1}]}', [], ""],
  ['"[{}]"', [], ""],
  ["", [], ""],
];

for (const [text, elements, rest] of arrays) {
  t.test(`write() splits ${JSON.stringify(text)}`, async (t) => {
    t.same(splitArray([Buffer.from(text)]), { elements, rest });
  });

  t.test(`write() splits ${JSON.stringify(text)} however it is cut`, async (t) => {
    const bytes = Buffer.from(text);
    t.same(splitArray(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))), {
      elements,
      rest,
    });
    const random = seededRandom(bytes.length + 1);
    for (let round = 1; round < 50; round++) {
      t.same(splitArray(randomPieces(bytes, round, random)), { elements, rest });
    }
  });
}

t.test("write() tells nothing of what closes more than it opens", async (t) => {
  t.same(splitArray([Buffer.from("]]]{}[{}]")]).elements, []);
});
