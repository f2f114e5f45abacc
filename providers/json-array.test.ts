import t from "tap";
import { ArraySplitter } from "./json-array.ts";
import { randomPieces, seededRandom } from "./testdata/seeded-random.ts";

/** Elements that are told whole, and what is left of one that is not. */
function split(pieces: readonly Buffer[]): { readonly elements: string[]; readonly rest: string } {
  const elements: string[] = [];
  let rest = "";
  const splitter = new ArraySplitter({
    onData: (bytes, start, end) => {
      rest += bytes.toString("latin1", start, end);
    },
    onEvent: () => {
      elements.push(rest);
      rest = "";
    },
  });
  for (const piece of pieces) splitter.write(piece);
  return { elements, rest };
}

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
    t.same(split([Buffer.from(text)]), { elements, rest });
  });

  t.test(`write() splits ${JSON.stringify(text)} however it is cut`, async (t) => {
    const bytes = Buffer.from(text);
    t.same(split(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))), { elements, rest });
    const random = seededRandom(bytes.length + 1);
    for (let round = 1; round < 50; round++) {
      t.same(split(randomPieces(bytes, round, random)), { elements, rest });
    }
  });
}

t.test("write() tells nothing of what closes more than it opens", async (t) => {
  t.same(split([Buffer.from("]]]{}[{}]")]).elements, []);
});
